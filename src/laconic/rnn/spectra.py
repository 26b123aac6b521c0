"""Ranks and condition numbers of a network's gates: the papers' argument for Kronecker products, measured."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from laconic.core.arrays import to_numpy
from laconic.rnn.anatomy import CannotCompressError, WeightGroup, weight_groups

_GATES = {4: ("input", "forget", "cell", "output"), 3: ("reset", "update", "candidate"), 1: ("",)}


@dataclass(frozen=True, eq=False)
class GateSpectrum:
    """Singular values of one gate's matrix [W U].

    Attributes
    ----------
    layer, key, gate : str
        Name of the module, group of its weights such as "l0_reverse", and gate; empty where there is one only.
    shape : (int, int)
    singular_values : array of shape (min(shape),)
        Descending.
    """

    layer: str
    key: str
    gate: str
    shape: tuple[int, int]
    singular_values: NDArray[np.float64]

    @property
    def rank(self) -> int:
        """How many are above rounding: the largest of them times float32's epsilon and the larger size."""
        values = self.singular_values
        return int(np.sum(values > values[0] * np.finfo(np.float32).eps * max(self.shape)))

    @property
    def effective_rank(self) -> float:
        """The exponential of the entropy of their shares (Roy, Vetterli 2007): so many equal ones spread as widely."""
        total = self.singular_values.sum()
        shares = self.singular_values[self.singular_values > 0] / total if total > 0 else np.ones(1)
        return float(np.exp(-np.sum(shares * np.log(shares))))

    @property
    def condition(self) -> float:
        """The largest over the smallest; infinite where the rank is not full."""
        full = self.rank == len(self.singular_values)
        return float(self.singular_values[0] / self.singular_values[-1]) if full else float("inf")


def gate_spectra(model: nn.Module) -> list[GateSpectrum]:
    """Return the singular values of every gate of a model's recurrent layers, compressed or not.

    A Kronecker product has the products of its factors' singular values and rank(A) rank(B) of them: at the size of a
    low-rank matrix it may have full rank (arXiv:1906.02876).

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    list of GateSpectrum
        By layer, direction and gate.
    """
    found = []
    for name, module in model.named_modules():
        for group in _groups(module):
            found += _of_group(name, module, group)
    return found


def _groups(module: nn.Module) -> list[WeightGroup]:
    if isinstance(module, nn.Linear):
        return []
    try:
        return weight_groups(module)
    except CannotCompressError:
        return []


def _of_group(name: str, module: nn.Module, group: WeightGroup) -> list[GateSpectrum]:
    with torch.no_grad():
        weights: list[Tensor] = [getattr(module, weight) for weight in group.weights]
        matrix = to_numpy(torch.cat([weight.detach() for weight in weights], dim=1)).astype(np.float64)
    gates = matrix.reshape(group.n_gates, group.n_units, -1)
    names = _GATES.get(group.n_gates) or tuple(map(str, range(group.n_gates)))
    return [
        GateSpectrum(name, group.key, gate, one.shape, _values(one)) for gate, one in zip(names, gates, strict=True)
    ]


def _values(matrix: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.svd(matrix, compute_uv=False), np.float64)


def summed_up(spectra: list[GateSpectrum]) -> dict[str, Any]:
    """Return the least rank, the mean effective rank, the largest condition number and a mean spectrum, as JSON values.

    The spectrum is the mean of the singular values over the largest of their gate, of the gates of the commonest size.
    """
    if not spectra:
        return {}
    sizes = [len(one.singular_values) for one in spectra]
    n = max(sizes, key=sizes.count)
    relative = [one.singular_values / max(one.singular_values[0], 1e-300) for one in spectra]
    condition = max(one.condition for one in spectra)
    return {
        "rank": min(one.rank for one in spectra),
        "effective_rank": float(np.mean([one.effective_rank for one in spectra])),
        "condition": condition if np.isfinite(condition) else None,
        "spectrum": np.mean([one for one in relative if len(one) == n], axis=0).tolist(),
    }
