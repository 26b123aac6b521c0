"""Graphs in whole numbers: 8-bit weights, 16-bit activations, one arithmetic for the reference and the C."""
