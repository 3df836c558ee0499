"""Whole maps as values, and the only way in for values from outside."""
