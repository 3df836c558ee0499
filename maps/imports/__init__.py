"""Maps from files and pasted texts. What something is, is seen from what stands in it, not from its name."""
