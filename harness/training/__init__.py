"""The training loop and the random streams that feed it."""
