"""Freezes a store's results into the data that the package ships; see `leaderboards.releases.released` for what comes out."""
