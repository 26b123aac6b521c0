"""The parameters of multimodal dictionaries, checked."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from laconic.core.arrays import as_array, to_numpy
from laconic.core.checks import (
    DataError,
    ParameterError,
    check_choice,
    check_finite,
    check_interval,
    check_positive_int,
)
from laconic.core.units import parse_bytes
from laconic.factorize.multimodal import METHODS, SCALINGS, Layout, Settings
from laconic.sbl.coupling import COUPLINGS, Links

SCALES = 2
"""Scales take this part of the memory at most."""

MOST = 64
"""Atoms of a modality where no number is given, unless twice the features of the widest are fewer."""


def check_parameters(model: Any) -> None:
    """Raise unless the parameters that do not depend on data are within their limits."""
    owner = type(model).__name__
    check_choice(owner, "method", model.method, METHODS)
    check_choice(owner, "scaling", model.scaling, SCALINGS)
    for name in ("n_init", "max_iter", "checkpoint_every"):
        check_positive_int(owner, name, getattr(model, name))
    if isinstance(model.cycles, bool) or not isinstance(model.cycles, Integral) or model.cycles < 0:
        raise ParameterError(owner, "cycles", "a whole number of at least 0", model.cycles)
    for name in ("block_size", "sparsity"):
        if getattr(model, name) is not None:
            check_positive_int(owner, name, getattr(model, name))
    check_interval(owner, "tol", model.tol, 0.0, 2.0)
    if model.method == "reference" and isinstance(model.noise, str):
        raise ParameterError(owner, "noise", "given where method is 'reference'", model.noise)


def settings_of(model: Any, layout: Layout) -> Settings:
    """Return the settings of a model for modalities that are known.

    Raises
    ------
    ParameterError, DataError
        If a parameter does not fit them.
    """
    check_parameters(model)
    links = _links(model, layout)
    return Settings(
        links=links,
        noises=_noises(model, layout),
        method=model.method,
        sparsity=model.sparsity,
        cycles=int(model.cycles),
        n_init=int(model.n_init),
        max_iter=int(model.max_iter),
        tol=float(model.tol),
        init=_init(model, layout, links),
        memory=parse_bytes(model.memory, owner=type(model).__name__, parameter="memory") / SCALES,
    )


def _links(model: Any, layout: Layout) -> Links:
    owner, coupling = type(model).__name__, model.coupling
    if isinstance(coupling, str):
        check_choice(owner, "coupling", coupling, COUPLINGS)
        coupling = COUPLINGS[coupling]()
    if not hasattr(coupling, "links"):
        allowed = f"one of {', '.join(map(repr, COUPLINGS))}, or a coupling of laconic.sbl.coupling"
        raise ParameterError(owner, "coupling", allowed, coupling)
    links: Links = coupling.links(_n_atoms(model, layout))
    return links


def _n_atoms(model: Any, layout: Layout) -> tuple[int, ...]:
    owner, given = type(model).__name__, model.n_atoms
    if given is None:
        return (min(MOST, 2 * max(part.n_signal for part in layout.parts)),) * len(layout.parts)
    if isinstance(given, Integral):
        return (check_positive_int(owner, "n_atoms", given),) * len(layout.parts)
    return tuple(check_positive_int(owner, "n_atoms", one) for one in each(owner, "n_atoms", given, layout))


def each(owner: str, parameter: str, given: Any, layout: Layout) -> list[Any]:
    """Return what is given for each modality, as a dict or a sequence, in their order."""
    if isinstance(given, Mapping):
        values = {str(name): value for name, value in given.items()}
        if set(values) != set(layout.names):
            raise ParameterError(owner, parameter, f"for each of {list(layout.names)}", list(values))
        return [values[name] for name in layout.names]
    several = isinstance(given, (Sequence, np.ndarray)) and not isinstance(given, str)
    if several and len(given) == len(layout.parts):
        return list(given)
    came = f"{len(given)} of them" if several else given
    raise ParameterError(owner, parameter, f"one value, or one for each of {list(layout.names)}", came)


def _noises(model: Any, layout: Layout) -> tuple[float, ...] | None:
    owner, noise = type(model).__name__, model.noise
    if isinstance(noise, str):
        if noise != "auto":
            raise ParameterError(owner, "noise", "'auto', a variance, or one for each modality", noise)
        return None
    values = [noise] * len(layout.parts) if np.ndim(noise) == 0 and not isinstance(noise, Mapping) else None
    values = each(owner, "noise", noise, layout) if values is None else values
    return tuple(check_interval(owner, "noise", v, 0.0, float("inf"), closed="neither") for v in values)


def _real(what: str, given: Any) -> "np.ndarray[Any, Any]":
    values = to_numpy(as_array(given))
    if values.dtype.kind not in "biuf":
        raise DataError(f"{what} must hold real numbers, got {values.dtype}")
    return values.astype(np.float64)


def _init(model: Any, layout: Layout, links: Links) -> Any:
    """Return dictionaries to begin with: those given, or the last ones of a warm start."""
    owner, given = type(model).__name__, model.init
    if given is None and model.warm_start and hasattr(model, "components_"):
        given = model.components_
    if given is None:
        return None
    pairs = zip(layout.names, each(owner, "init", given, layout), strict=True)
    found = [_real(f"{owner}: init of {name!r}", one) for name, one in pairs]
    for part, rows, n in zip(layout.parts, found, links.n_atoms, strict=True):
        if rows.shape != (n, part.n_signal):
            raise DataError(f"{owner}: init of {part.name!r} must be of shape {(n, part.n_signal)}, got {rows.shape}")
        check_finite(owner, f"init of {part.name!r}", rows)
        if not np.linalg.norm(rows, axis=1).all():
            raise DataError(f"{owner}: init of {part.name!r} must not have a row of zeros")
    return tuple(rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in found)
