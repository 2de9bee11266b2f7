"""MLflow as it is used here: a quiet client, the tables of a new store, and the server of a team."""
