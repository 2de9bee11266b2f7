"""The weightings that come with snrbench, one file per family."""
