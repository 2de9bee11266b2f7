"""Settings of all tests: hypothesis draws the same examples every time and never judges by the clock."""

from hypothesis import settings

settings.register_profile("snrbench", deadline=None, derandomize=True)
settings.load_profile("snrbench")
