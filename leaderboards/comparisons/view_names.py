"""The views of `snrbench leaderboard --view`, in a file that costs nothing to import."""

VIEW_NAMES = ("resolution", "transfer", "profiles", "wins", "ranks", "pareto", "apply", "tuned", "variance", "predicts")
