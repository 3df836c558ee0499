"""How many of each a map has room for."""

MOST_STAGES = 100
MOST_STEPS = 200
MOST_LANES = 60
MOST_CARDS = 50  # in a cell
BIGGEST_KEY = 2**63 - 1  # of a row
MOST_CHANGES = 2**31 - 1  # of a map, and of a card
MOST_COMMENTS = 500  # in a thread
