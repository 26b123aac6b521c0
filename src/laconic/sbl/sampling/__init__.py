"""Samplers of Gaussians restricted to x >= 0: one dimension, Gibbs, and exact Hamiltonian Monte Carlo."""
