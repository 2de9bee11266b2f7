"""Freezes a store's results into the data that the package ships; `leaderboards.data.released` reads it."""
