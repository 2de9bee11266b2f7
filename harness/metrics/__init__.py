"""Metrics: one file each; `catalog` names them and says how they compare."""
