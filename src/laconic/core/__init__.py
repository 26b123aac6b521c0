"""What every room stands on: array access, checks with clear errors, files that are never half-written."""
