"""`python -m harness.tracks.measure TRACK`: the name by which cards say how they were made; see `harness.measuring`."""

import runpy

if __name__ == "__main__":
    runpy.run_module("harness.measuring.measure", run_name="__main__")
