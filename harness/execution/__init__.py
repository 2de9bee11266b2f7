"""From a request to runs, and from runs to processes."""
