"""The table of instances that every structure's contract is tested on; a new kind adds its lines here."""

import array_api_strict
import numpy as np

from laconic.structured import (
    BlockRowsMatrix,
    DenseMatrix,
    EmbeddedMatrix,
    HybridKroneckerMatrix,
    KroneckerMatrix,
    LowRankMatrix,
    MaskedMatrix,
    StructuredMatrix,
    SumMatrix,
)
from laconic.structured.nearest import moved

try:
    import torch
except ImportError:  # the structures need no torch, nor do their tests
    torch = None

Kron = KroneckerMatrix.zeros

TEMPLATES: dict[str, StructuredMatrix] = {
    "dense": DenseMatrix.zeros((5, 7)),
    "dense 1x1": DenseMatrix.zeros((1, 1)),
    "kronecker of 1": Kron(((4, 3),)),
    "kronecker of 2": Kron(((3, 2), (4, 5))),
    "kronecker of 2, wide": Kron(((1, 7), (3, 2))),
    "kronecker of 2, primes": Kron(((1, 5), (13, 1))),
    "kronecker of 2, 1x1": Kron(((1, 1), (1, 1))),
    "kronecker of 3": Kron(((2, 3), (3, 1), (2, 4))),
    "kronecker of 4": Kron(((2, 1), (1, 3), (3, 2), (2, 2))),
    "hybrid": HybridKroneckerMatrix.zeros(3, ((2, 3), (4, 2))),
    "hybrid, one row": HybridKroneckerMatrix.zeros(1, ((5, 2), (1, 3), (2, 1))),
    "low rank": LowRankMatrix.zeros((6, 8), rank=2),
    "low rank, too large": LowRankMatrix.zeros((3, 5), rank=4),
    "masked": MaskedMatrix.zeros((6, 5), 11),
    "masked, full": MaskedMatrix.zeros((2, 3), 6),
    "masked, empty": MaskedMatrix.zeros((2, 3), 0),
    "doped": SumMatrix(Kron(((3, 2), (2, 4))), MaskedMatrix.zeros((6, 8), 4)),
    "sum of products": SumMatrix(Kron(((3, 2), (2, 4))), Kron(((3, 2), (2, 4)))),
    "sum of one": SumMatrix(LowRankMatrix.zeros((4, 4), rank=1)),
    "rows, gates": BlockRowsMatrix([Kron(((2, 3), (2, 2))) for _ in range(4)]),
    "rows, mixed": BlockRowsMatrix(
        Kron(((2, 3), (2, 2))),
        LowRankMatrix.zeros((5, 6), rank=2),
        HybridKroneckerMatrix.zeros(2, ((1, 6), (3, 1))),
        SumMatrix(MaskedMatrix.zeros((2, 6), 5), DenseMatrix.zeros((2, 6))),
    ),
    "embedded": EmbeddedMatrix.zeros((6, 7), rows=[4, 0, 5], columns=[1, 2, 6, 3]),
    "embedded, whole": EmbeddedMatrix.zeros((2, 2), rows=[1, 0], columns=[0, 1]),
}

LIBRARIES = {
    "numpy float32": np.zeros(1, np.float32),
    "numpy float64": np.zeros(1, np.float64),
    "strict float32": array_api_strict.zeros(1, dtype=array_api_strict.float32),
    "strict float64": array_api_strict.zeros(1, dtype=array_api_strict.float64),
}
if torch is not None:
    LIBRARIES["torch float32"] = torch.zeros(1, dtype=torch.float32)
    LIBRARIES["torch float64"] = torch.zeros(1, dtype=torch.float64)


def member(name, library="numpy float64", seed=0):
    """A random member of a template's family, in a library."""
    return moved(TEMPLATES[name].random(np.random.default_rng(seed), std=1.0), LIBRARIES[library])
