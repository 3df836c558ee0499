"""Pictures from outside: read in a process of their own, and drawn anew, so that nothing else is kept."""
