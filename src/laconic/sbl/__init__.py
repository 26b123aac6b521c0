"""Codes for a known dictionary by sparse Bayesian learning: the scales are learned, the codes integrated out."""
