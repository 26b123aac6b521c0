"""Masks that follow the training: entries are taken away step by step."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from laconic.rnn.reparametrise import StructuredParameter
from laconic.structured import StructuredMatrix

START, STOP = 0.1, 0.65
"""Share of the training at which pruning begins and ends."""


class GraduallyMasked(StructuredParameter):
    """A structure with masked matrices in it whose masks are whole before `START`, at their final size after `STOP`.

    Sparsity at progress t is s (1 - (1 - u)^3), u = (t - START) / (STOP - START), s the final sparsity: equation 1 of
    arXiv:1710.01878 with an initial sparsity of zero. Weights behind a mask keep their last value, get no gradient
    and can come back while the mask still moves.
    """

    def __init__(self, structure: StructuredMatrix, weights: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__(structure, weights)
        self.n_kept = [int(mask.sum()) for _, mask in self._masked()]

    @property
    def options(self) -> dict[str, Any]:
        return {"n_kept": self.n_kept}

    def set_options(self, options: Mapping[str, Any]) -> None:
        given = options["n_kept"]
        self.n_kept = [int(count) for count in (given if isinstance(given, list) else [given])]

    def anneal(self, progress: float) -> None:
        left = (1 - min(max((progress - START) / (STOP - START), 0.0), 1.0)) ** 3
        for (values, mask), n_kept in zip(self._masked(), self.n_kept, strict=True):
            _keep_largest(values, mask, n_kept + round((mask.numel() - n_kept) * left))

    def _masked(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Values and mask of each masked matrix."""
        for name, mask in self.named_buffers():
            yield self.get_parameter(name.removesuffix("mask") + "values"), mask


def _keep_largest(values: Tensor, mask: Tensor, count: int) -> None:
    """Let the mask show so many entries of largest magnitude; of equal ones the first."""
    order = values.detach().abs().flatten().argsort(descending=True, stable=True)
    mask.view(-1)[order[:count]] = True
    mask.view(-1)[order[count:]] = False
