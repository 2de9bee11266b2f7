"""The version of the rules under which numbers are comparable.

Anything that can move a number of every track (random streams, training step, sampler, metrics) raises it. It is part
of every run key, and a leaderboard never mixes two.
"""

PROTOCOL = "1"
