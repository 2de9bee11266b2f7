"""Freezes a store's results into the data that the package ships; `leaderboards.releases.released` reads it."""
