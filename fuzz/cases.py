"""What is fuzzed: small networks of every cell, of many structures, in one direction and both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from laconic.deploy import Graph, IntGraph, lower, quantize
from laconic.deploy.layers import Rescale, Softmax
from laconic.rnn import RNNClassifier, compress
from laconic.rnn.network import SequenceNetwork

N_FEATURES, N_CLASSES, N_UNITS = 5, 3, 12


@dataclass(frozen=True)
class Case:
    """A network: its cell, method of compression, layers, and whether it reads both ways."""

    cell: str
    method: str
    n_layers: int = 1
    both: bool = False
    layout: str = "joint"

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return (
            f"{self.cell} {self.method}" + ", both ways" * self.both + f", {self.n_layers} layers" * (self.n_layers > 1)
        )

    def network(self) -> SequenceNetwork:
        """Return it, with biases that are not zero."""
        torch.manual_seed(0)
        found = SequenceNetwork(N_FEATURES, N_CLASSES, self.cell, N_UNITS, self.n_layers, self.both)
        compress(found, self.method, layout=self.layout, init="random", random_state=0)
        for name, parameter in found.named_parameters():
            if "bias" in name:
                torch.nn.init.uniform_(parameter, -0.7, 0.7)
        return found.eval()

    def graph(self) -> Graph:
        """Return its graph, with a scale of its features, classes and probabilities."""
        found = lower(self.network())
        first = Rescale("rescale", np.linspace(-1, 1, N_FEATURES), np.linspace(0.5, 2, N_FEATURES))
        layers = (first, *found.layers, Softmax("probabilities"))
        return Graph(layers, N_FEATURES, ("no", "yes", "who knows"))


CASES = (
    Case("lstm", "kronecker"),
    Case("gru", "hybrid", both=True),
    Case("fastgrnn", "pruned", 2, layout="separate"),
    Case("lstm", "hmd", 2, both=True),
    Case("fastrnn", "lowrank", layout="separate"),
    Case("rnn", "doped"),
    Case("gru", "small"),
    Case("fastgrnn", "dense", both=True),
)


def sequences(seed: int = 0) -> Any:
    """Return four sequences of nine steps, one of them large."""
    x = np.random.default_rng(seed).standard_normal((4, 9, N_FEATURES)).astype(np.float32)
    x[-1] *= 40
    return x


def graphs(cases: Sequence[Case]) -> list[Graph | IntGraph]:
    """Return a graph of each case, in floats and in whole numbers."""
    floats = [case.graph() for case in cases]
    return [*floats, *(quantize(graph, sequences()) for graph in floats)]


def classifiers(cases: Sequence[Case]) -> list[RNNClassifier]:
    """Return fitted classifiers of cases."""
    x, y = sequences(), np.array(["no", "yes", "no", "yes"])
    return [
        RNNClassifier(
            cell=case.cell,
            method=case.method,
            n_layers=case.n_layers,
            bidirectional=case.both,
            layout=case.layout,
            hidden_size=N_UNITS,
            max_epochs=1,
            random_state=0,
        ).fit(x, y)
        for case in cases
    ]
