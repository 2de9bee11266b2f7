"""Freezes a store's results into the data that the package ships; see `leaderboards.released` for what comes out."""
