"""What blocks say of each modality, brought together by name or where its features are."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device

ByName = dict[str, Any]


def by_name(found: list[list[tuple[Array, Array]]], names: Iterable[str]) -> tuple[ByName, ByName]:
    """Return means and standard deviations of blocks, a pair for each modality, as dicts of arrays."""
    xp = array_namespace(found[0][0][0])
    both = [
        {name: xp.concat([block[j][i] for block in found], axis=0) for j, name in enumerate(names)} for i in range(2)
    ]
    return both[0], both[1]


def in_columns(values: ByName, columns: Mapping[str, Any]) -> Array:
    """Return values of the features of each modality where they are in X."""
    xp = array_namespace(next(iter(values.values())))
    order = np.argsort(np.concatenate([columns[name] for name in values]))
    beside = xp.concat(list(values.values()), axis=1)
    return xp.take(beside, xp.asarray(order, device=device(beside)), axis=1)


def told_if_unused(owner: str, usage: ByName, level: int) -> None:
    """Warn where most atoms of a modality are in use in no sample, `level` calls above this one."""
    for name, shares in usage.items():
        idle = int(np.sum(shares == 0))
        if 2 * idle > len(shares):
            words = f"{idle} of {len(shares)} atoms of {name!r} are in use in no sample"
            warnings.warn(f"{owner}: {words}; a smaller noise or fewer atoms may help", stacklevel=level + 1)
