"""The log of a map: changes as plain values, what they add up to, and how they are read again.

`records` and `order` know values only, `parts` turns rows into values, `reading` answers what was when.
"""
