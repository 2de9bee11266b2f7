"""Where results are kept: MLflow, written by `write`, read by `read`."""
