"""How the classifiers behind the feature spaces are trained, each by one command."""
