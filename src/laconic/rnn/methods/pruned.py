"""Gradual magnitude pruning (Zhu and Gupta, arXiv:1710.01878)."""

from collections.abc import Mapping
from typing import Any

from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.rnn.reparametrise import StructuredParameter
from laconic.structured import MaskedMatrix, StructuredMatrix

START, STOP = 0.1, 0.65
"""Share of the training at which pruning begins and ends."""


class GraduallyMasked(StructuredParameter):
    """A masked matrix whose mask follows the training: whole before `START`, at its final size after `STOP`.

    Sparsity at progress t is s (1 - (1 - u)^3), u = (t - START) / (STOP - START), s the final sparsity: equation 1 of
    arXiv:1710.01878 with an initial sparsity of zero. Weights behind the mask keep their last value, get no gradient
    and can come back while the mask still moves.
    """

    def __init__(self, structure: StructuredMatrix, weights: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__(structure, weights)
        self.n_kept = int(self.get_buffer("mask").sum())

    @property
    def options(self) -> dict[str, Any]:
        return {"n_kept": self.n_kept}

    def set_options(self, options: Mapping[str, Any]) -> None:
        self.n_kept = int(options["n_kept"])

    def anneal(self, progress: float) -> None:
        values, mask = self.get_parameter("values"), self.get_buffer("mask")
        left = (1 - min(max((progress - START) / (STOP - START), 0.0), 1.0)) ** 3
        count = self.n_kept + round((mask.numel() - self.n_kept) * left)
        order = values.detach().abs().flatten().argsort(descending=True, stable=True)
        mask.view(-1)[order[:count]] = True
        mask.view(-1)[order[count:]] = False


class Pruned(Method):
    """All but the largest weights of a layer are zero; during training their number falls on a cubic curve."""

    name = "pruned"
    summary = "All but the largest weights are zeroed, step by step during training (magnitude pruning)."
    parameter = GraduallyMasked
    learning_rate = 0.012

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        return MaskedMatrix.zeros(size.shape, min(n_parameters, size.n_entries))

    def smallest(self, size: MatrixSize) -> int:
        return 1

    def default(self, size: MatrixSize) -> int:
        return Kronecker().default(size)

    def note(self, size: MatrixSize, structure: StructuredMatrix) -> str:
        return f"where its non-zeros stand, not counted, takes {-(-size.n_entries // 8)} bytes more as a bitmap"
