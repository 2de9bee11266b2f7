"""Data of the tracks."""
