"""Compression methods, one a file."""

from laconic.rnn.methods.dense import Dense
from laconic.rnn.methods.doped import Doped
from laconic.rnn.methods.hmd import HybridDecomposition
from laconic.rnn.methods.hybrid import Hybrid
from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.lowrank import LowRank
from laconic.rnn.methods.method import Method
from laconic.rnn.methods.pruned import Pruned
from laconic.rnn.methods.small import Small
from laconic.rnn.methods.summed import Summed

METHODS: dict[str, type[Method]] = {
    method.name: method
    for method in (Dense, Kronecker, Hybrid, Doped, Summed, HybridDecomposition, LowRank, Pruned, Small)
}
"""Every compression method by name; a new one adds its line here."""

RIVALS = ("kronecker", "hybrid", "lowrank", "pruned", "small")
"""The methods that a comparison sets beside the dense network where it is not told."""

__all__ = ["METHODS", "RIVALS"]
