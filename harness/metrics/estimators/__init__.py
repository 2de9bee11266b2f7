"""Distances and other estimates as pure functions of tensors, with their formulas; metrics are made of them."""
