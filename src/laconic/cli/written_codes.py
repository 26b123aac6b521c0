"""Codes written to a file, those of the fit or, for samples that are not in memory, found again block by block."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from laconic.cli.counting import CountingProgress
from laconic.cli.results import ResultFolder
from laconic.cli.samples import Samples
from laconic.estimators import SparseNMF

Array = NDArray[Any]


@dataclass(frozen=True)
class Written:
    """What there is to say of the codes that were written.

    Attributes
    ----------
    codes : array of shape (n_samples, k)
        Memory-mapped.
    density : float
        Share that is not zero.
    relative_error : float
        |X - C D| / |X|.
    again : bool
        Whether they were found again for the dictionary of the fit.
    """

    codes: Array
    density: float
    relative_error: float
    again: bool


def write_codes(
    model: SparseNMF, samples: Samples, codes: Array | None, folder: ResultFolder, console: Console
) -> Written:
    """Write codes of shape (n_samples, n_components), those given or, if there are none, what `transform` finds."""
    shape = samples.shape[0], model.n_components_
    rows = folder.rows("codes", shape, model.components_.dtype)
    if codes is not None:
        rows.append(codes)
        return Written(rows.read(), model.density_, model.relative_error_, again=False)
    tally = _Tally(model)
    with CountingProgress(console, "codes", samples.shape[0]) as progress:
        for first, X in samples.blocks():
            found = model.transform(X)
            rows.append(found)
            tally.add(X, found)
            progress.update(first + len(X))
    return tally.written(rows.read())


class _Tally:
    """Sums over blocks: what is left, what there is, and how many codes count."""

    def __init__(self, model: SparseNMF) -> None:
        self.model, self.left, self.whole, self.used = model, 0.0, 0.0, 0

    def add(self, X: Array, codes: Array) -> None:
        result = self.model.result_
        self.left += float(np.nansum((X - codes @ self.model.components_) ** 2, dtype=np.float64))
        self.whole += float(np.nansum(X**2, dtype=np.float64))
        self.used += int(result.penalty.counts(codes / result.unit).sum())

    def written(self, codes: Array) -> Written:
        error = float(np.sqrt(self.left / self.whole)) if self.whole > 0 else 0.0
        return Written(codes, self.used / codes.size, error, again=True)
