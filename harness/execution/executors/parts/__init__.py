"""What executors are made of."""
