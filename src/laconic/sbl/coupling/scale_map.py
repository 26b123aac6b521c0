"""Any maps from scales to variances that a user gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.checks import DataError, ParameterError
from laconic.sbl.coupling.links import Links


@dataclass(frozen=True, eq=False)
class ScaleMap:
    """The variance of atom m of modality j is sum_b T_j[m, b] gamma_b for given T_j >= 0.

    Attributes
    ----------
    maps : sequence of arrays or sparse matrices, of shape (n_atoms_j, n_scales)
        T_j, one a modality in their order. Each atom needs an entry above 0.
    """

    maps: Sequence[Any]

    def links(self, n_atoms: tuple[int, ...]) -> Links:
        found = self._tables()
        shapes = [one.shape for one in found]
        if [shape[0] for shape in shapes] != list(n_atoms) or len({shape[1] for shape in shapes}) != 1:
            allowed = f"one map for each modality, with {n_atoms} rows and as many columns in each"
            raise ParameterError("ScaleMap", "maps", allowed, shapes)
        for j, one in enumerate(found):
            _check(j, one)
        return Links.of(found)

    def _tables(self) -> list[Any]:
        try:
            return [_table(one) for one in self.maps]
        except (TypeError, ValueError):
            raise ParameterError("ScaleMap", "maps", "matrices of numbers, one for each modality", self.maps) from None


def _table(one: Any) -> Any:
    return scipy.sparse.csr_array(one if scipy.sparse.issparse(one) else np.atleast_2d(one), dtype=np.float64)


def _check(j: int, one: Any) -> None:
    if not np.isfinite(one.data).all() or (one.data < 0).any():
        raise DataError(f"ScaleMap: maps[{j}] must be finite and at least 0 everywhere")
    if not (one.sum(axis=1) > 0).all():
        raise DataError(f"ScaleMap: maps[{j}] must have an entry above 0 in each row")
