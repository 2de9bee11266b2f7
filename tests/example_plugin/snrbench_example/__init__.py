"""An example of a package that brings a noise schedule to snrbench."""
