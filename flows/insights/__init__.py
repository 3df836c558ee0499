"""What a flow tells by itself: pure functions from results to findings, which name their numbers and say where too few
people stand behind them. Nothing here puts anything into words.
"""

LEAST = 30  # people behind a share or a median, below which a finding is marked as small
