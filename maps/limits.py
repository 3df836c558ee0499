"""How many of each a map has room for."""

MOST_STAGES = 100
MOST_STEPS = 200
MOST_LANES = 60
MOST_CARDS = 50  # in a cell
MOST_COMMENTS = 500  # in a thread
