"""Which scales the variance of each atom is made of: g_j = T_j gamma, for every modality j (arXiv:1804.03740)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import Array, array_namespace, device


@dataclass(frozen=True, eq=False)
class Links:
    """Maps from scales to the prior variances of the atoms of each modality.

    Attributes
    ----------
    maps : tuple of csr_array of shape (M_j, B), or None
        T_j >= 0, one a modality; None is the identity.
    n_scales : int
        B.
    """

    maps: tuple[Any, ...]
    n_scales: int

    @classmethod
    def of(cls, maps: Sequence[Any]) -> "Links":
        """Return the links of these maps; one that is the identity is recognised."""
        sparse = [scipy.sparse.csr_array(one, dtype=np.float64) for one in maps]
        return cls(tuple(None if _is_identity(one) else one for one in sparse), int(sparse[0].shape[1]))

    @property
    def n_atoms(self) -> tuple[int, ...]:
        """Atoms of each modality."""
        return tuple(self.n_scales if one is None else int(one.shape[0]) for one in self.maps)

    def map(self, j: int) -> Any:
        """Return T_j as a sparse matrix."""
        return _identity(self.n_scales) if self.maps[j] is None else self.maps[j]

    @cached_property
    def tables(self) -> tuple[Any, ...]:
        """Which scales each atom has: T_j > 0 of each modality, sparse."""
        return tuple(self.map(j) > 0 for j in range(len(self.maps)))

    @cached_property
    def members(self) -> tuple[Any, ...]:
        """The tables by columns: which atoms each scale has, in every modality."""
        return tuple(table.tocsc() for table in self.tables)

    @cached_property
    def listed(self) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """Where the atoms of each scale start, shape (B + 1,), and these atoms, counted on through all modalities."""
        whole = scipy.sparse.vstack(self.members, format="csc")
        return whole.indptr.astype(np.int64), whole.indices.astype(np.int64)

    @cached_property
    def owners(self) -> "tuple[np.ndarray[Any, Any], ...]":
        """The scale of each atom that has one alone, -1 of the others; shape (M_j,) in every modality."""
        return tuple(_only_column(table) for table in self.tables)

    def counts(self, j: int) -> "np.ndarray[Any, Any]":
        """Return how many atoms of modality j each scale is part of, shape (B,)."""
        return np.asarray(np.diff(self.members[j].indptr), dtype=np.float64)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be found again."""
        return {"maps": self.maps, "n_scales": self.n_scales}

    def only(self, modalities: Sequence[int]) -> "Links":
        """Return the links of some modalities."""
        return Links(tuple(self.maps[j] for j in modalities), self.n_scales)

    def variances(self, j: int, gamma: Array) -> Array:
        """Return g_j of shape (n, M_j) for scales of shape (n, B)."""
        one = self.maps[j]
        return gamma if one is None else _times(gamma, one.T)

    def pooled(self, j: int, values: Array) -> Array:
        """Return v T_j of shape (n, B) for values of the atoms of a modality, shape (n, M_j)."""
        one = self.maps[j]
        return values if one is None else _times(values, one)

    def components(self) -> list[list[int]]:
        """Return the modalities in groups that share scales, directly or through others."""
        used = np.stack([self.counts(j) > 0 for j in range(len(self.maps))]).astype(int)
        n, label = scipy.sparse.csgraph.connected_components(used @ used.T)
        return [np.flatnonzero(label == i).tolist() for i in range(n)]


def _times(values: Array, matrix: Any) -> Array:
    if isinstance(values, np.ndarray):
        return np.ascontiguousarray((matrix.T @ values.T).T.astype(values.dtype, copy=False))
    xp = array_namespace(values)
    return values @ xp.asarray(matrix.toarray(), dtype=values.dtype, device=device(values))


@lru_cache(maxsize=16)
def _identity(n: int) -> Any:
    """Return the identity, which is the same object each time: not to be changed."""
    return scipy.sparse.eye_array(n, format="csr")


def _only_column(table: Any) -> "np.ndarray[Any, Any]":
    """Return the column of the one entry of each row of a sparse matrix, -1 where there are none or several."""
    found = np.full(table.shape[0], -1)
    alone = np.diff(table.indptr) == 1
    found[alone] = table.indices[table.indptr[:-1][alone]]
    return found


def _is_identity(matrix: Any) -> bool:
    rows, columns = matrix.shape
    return bool(rows == columns and (matrix != _identity(rows)).nnz == 0)
