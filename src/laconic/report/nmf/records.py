"""What a report shows of a factorisation: its parts, a few hundred codes, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.arrays import to_numpy
from laconic.report.codes.records import Image

Array = NDArray[Any]

SHOWN = 400
"""Samples whose codes are shown."""


@dataclass(frozen=True, eq=False)
class NMFSummary:
    """What one method made of samples X ~ C D.

    Attributes
    ----------
    name : str
        Of the method, as a heading has it.
    components : array of shape (k, p)
        The parts D.
    codes : array of shape (s, k)
        Codes of samples evenly spaced among all, `SHOWN` at most.
    n_samples : int
    use : array of shape (k,)
        How much each part adds in all: the sum of its codes times its length.
    density : float
        Share of codes that are not zero.
    relative_error : float
        |X - C D| / |X|.
    seconds : float
    status, message : str
        As in `laconic.core.result.Result`; an empty status is not known.
    gap : float
        As in `laconic.factorize.NMFResult`; NaN where it is not known.
    noise : float or None
        Variance that the prior was weighed by.
    n_iter : int
    trace : array of shape (n_iter,) or None
        The objective over the sum of squares of the data.
    stages : tuple of int
        Iterations of each stage.
    stability : array of shape (k,) or None
        For each part the cosine to its like in other fits.
    names : tuple of str
        Of the features, or empty.
    image : Image or None
        How features lie in an image.
    choice : RankChoice or None
        How the number of parts was chosen.
    look : str
        Method of `laconic.report.palette` whose colours it has.
    """

    name: str
    components: Array
    codes: Array
    n_samples: int
    use: Array
    density: float
    relative_error: float
    seconds: float = nan
    status: str = ""
    message: str = ""
    gap: float = nan
    noise: float | None = None
    n_iter: int = 0
    trace: Array | None = None
    stages: tuple[int, ...] = ()
    stability: Array | None = None
    names: tuple[str, ...] = ()
    image: Image | None = None
    choice: Any = None
    look: str = "rsbl"

    @property
    def n_parts(self) -> int:
        """Number of parts."""
        return int(self.components.shape[0])

    @property
    def in_a_sample(self) -> float:
        """Parts that a sample uses, on average."""
        return self.density * self.n_parts

    @property
    def unused(self) -> int:
        """Number of parts that no sample uses."""
        return int((self.use == 0).sum())

    @property
    def order(self) -> Array:
        """Parts, the one that adds most first, shape (k,)."""
        return np.argsort(-self.use, kind="stable")

    @property
    def axis(self) -> Array | None:
        """Names of the features as numbers that rise or fall throughout, such as wavelengths, or None."""
        return as_axis(self.names)


def read_nmf(
    name: str,
    model: Any,
    codes: Any,
    seconds: float = nan,
    *,
    names: Sequence[str] = (),
    image: Image | None = None,
    choice: Any = None,
    look: str = "rsbl",
) -> NMFSummary:
    """Return what a report shows of a fitted `laconic.SparseNMF`.

    Parameters
    ----------
    name : str
        Of the method, as a heading has it.
    model : SparseNMF
    codes : array of shape (n_samples, n_components)
        As `fit_transform` returned them; a memory map will do.
    seconds : float
        What the fit took.
    names : sequence of str, length n_features, optional
    image : Image, optional
        How features lie in an image.
    choice : RankChoice, optional
        What `laconic.choose_rank` has measured.
    look : str
        As in `NMFSummary`.
    """
    result, components, C = model.result_, to_numpy(model.components_), to_numpy(codes)
    return NMFSummary(
        name=name,
        components=components,
        codes=evenly(C),
        n_samples=len(C),
        use=use_of(C, components),
        density=float(model.density_),
        relative_error=float(model.relative_error_),
        seconds=seconds,
        status=result.status,
        message=result.message,
        gap=float(model.gap_),
        noise=model.noise_,
        n_iter=int(model.n_iter_),
        trace=relative_trace(result),
        stages=result.stages,
        stability=model.stability_,
        names=tuple(names),
        image=image,
        choice=choice,
        look=look,
    )


def evenly(codes: Array, most: int = SHOWN) -> Array:
    """Return at most so many rows, evenly spaced, as a copy."""
    if len(codes) <= most:
        return np.array(codes)
    return np.array(codes[np.linspace(0, len(codes) - 1, most).astype(int)])


def use_of(codes: Array, components: Array) -> Array:
    """Return how much each part adds in all, shape (k,)."""
    return np.asarray(codes.sum(axis=0, dtype=np.float64) * np.linalg.norm(components, axis=1))


def relative_trace(result: Any) -> Array:
    """Return the objective after each iteration over the sum of squares of the data."""
    energy = result.error / result.relative_error**2 if result.relative_error > 0 else 1.0
    return np.asarray(to_numpy(result.trace) / energy)


def as_axis(names: Sequence[str]) -> Array | None:
    """Return names as numbers that rise or fall throughout, shape (p,), or None where they are none.

    Examples
    --------
    >>> as_axis(["400", "410.5", "421"])
    array([400. , 410.5, 421. ])
    """
    try:
        values = [float(name) for name in names]
    except ValueError:
        return None
    rising, falling = (all(a < b for a, b in pairwise(way)) for way in (values, values[::-1]))
    return np.array(values) if len(values) > 1 and (rising or falling) else None
