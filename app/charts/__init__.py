"""Figures: each module draws one idea from plain numbers, and `frame` gives all of them the same look."""
