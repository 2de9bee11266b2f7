"""The schedules that come with snrbench, one file per family."""
