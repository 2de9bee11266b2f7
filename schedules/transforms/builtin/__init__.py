"""The transforms that come with snrbench."""
