"""Trains and evaluates diffusion models under one frozen protocol."""
