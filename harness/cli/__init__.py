"""The command line. Each module here is one command or one group of commands.

Nothing heavy is imported at the top of these modules: `snrbench --help` must answer at once, so SciPy, torch, MLflow
and Streamlit are imported inside the commands that use them.
"""
