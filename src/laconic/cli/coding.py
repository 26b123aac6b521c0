"""Find the codes of signals in a file, piece by piece, and leave them with a report in a folder."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import laconic
from laconic.cli.code_rows import code_row
from laconic.cli.coders import CODERS
from laconic.cli.counting import CountingProgress
from laconic.cli.machine import machine
from laconic.cli.results import ResultFolder
from laconic.cli.strict_json import without_nan
from laconic.core.checks import DataError
from laconic.core.result import Result, Status, worst
from laconic.datasets import LoadedArray
from laconic.report import codes_section, render_report
from laconic.report.codes import Codes, Digest, Image, Map
from laconic.report.codes.digest import trace_of
from laconic.report.codes.records import named_maps

Array = NDArray[Any]

PIECES = 20
"""So many pieces at least, where there are signals enough, so that the time left can be told."""

SMALLEST = 256
"""Signals in a piece below which pieces would only cost time."""

MESSAGES = 3
"""Different messages of pieces that are kept."""


@dataclass(frozen=True)
class Request:
    """Which codes to find, of what, and where they go.

    Attributes
    ----------
    dictionary : LoadedArray
        Of shape (n, m).
    signals : LoadedArray
        Of shape (n, k), or (k, n) where `transpose` is set; perhaps memory-mapped.
    names : tuple of str, length m
    method : str
    options : dict
        What the method is called with.
    memory : int
        Bytes.
    out : Path
    command : str
        As the user typed it, for the report.
    image : Image or None
    transpose, overwrite : bool
    """

    dictionary: LoadedArray
    signals: LoadedArray
    names: tuple[str, ...]
    method: str
    options: dict[str, Any]
    memory: int
    out: Path
    command: str
    image: Image | None = None
    transpose: bool = False
    overwrite: bool = False


def find_codes(request: Request, console: Console) -> dict[str, Any]:
    """Find the codes and write them, their figures and a report; return what metrics.json holds.

    Raises
    ------
    DataError
        If dictionary, signals, names or image do not fit each other, or a signal holds infinity.
    """
    A, Y = _dictionary(request), _columns(request)
    _check_shapes(request, A, Y)
    with ResultFolder(request.out, overwrite=request.overwrite) as folder:
        run = _Run(request, A, Y, folder)
        with CountingProgress(console, "signals", Y.shape[1]) as progress:
            for piece in _pieces(request, A, Y):
                run.add(piece, progress)
        codes = run.codes()
        metrics = _metrics(run, codes)
        section = codes_section([codes], metrics, names=request.names)
        folder.finish(run.arrays(), render_report([section]), metrics)
    return metrics


# What comes in ----------------------------------------------------------------------------------------------------


def _dictionary(request: Request) -> Array:
    """Return the dictionary (n, m) in float32, if it is held so, or float64."""
    values = request.dictionary.values
    kind = np.float32 if values.dtype.newbyteorder("=") == np.float32 else np.float64
    A = np.array(values.reshape(len(values), -1), dtype=kind)
    if not np.isfinite(A).all():
        bad = np.argwhere(~np.isfinite(A))
        line, column = bad[0]
        raise DataError(
            f"{request.dictionary.source}: the dictionary must be finite, got {len(bad)} NaN or infinite entries, "
            f"the first in row {line}, column {column}"
        )
    return A


def _columns(request: Request) -> Array:
    """Return the signals (n, k) without reading them."""
    values = request.signals.values
    if values.ndim == 1:
        return values[:, np.newaxis]
    return values.T if request.transpose else values


def _check_shapes(request: Request, A: Array, Y: Array) -> None:
    (n, m), k = A.shape, Y.shape[1]
    if len(Y) != n:
        hint = " (--transpose takes rows as signals)" if n in Y.shape[1:] and not request.transpose else ""
        hint = " (without --transpose, columns are signals)" if request.transpose and n in Y.shape[1:] else hint
        raise DataError(
            f"{request.signals.source}: signals must have as many entries as the {n} rows of the dictionary "
            f"{request.dictionary.source}, got {len(Y)}{hint}"
        )
    if len(request.names) != m:
        raise DataError(f"there must be a name for each of the {m} columns of the dictionary, got {len(request.names)}")
    if request.image is not None and request.image.lines * request.image.cols != k:
        size = f"{request.image.lines}x{request.image.cols}"
        raise DataError(f"{request.signals.source}: an image of {size} needs as many signals, got {k}")


@dataclass(frozen=True, eq=False)
class _Piece:
    """Signals `first` and following, as an array (n, c)."""

    first: int
    Y: Array


def _pieces(request: Request, A: Array, Y: Array) -> Iterator[_Piece]:
    k, size = Y.shape[1], _piece_size(request, A, Y)
    for first in range(0, k, size):
        block = np.array(Y[:, first : first + size], dtype=A.dtype, order="F")
        if np.isinf(block).any():
            row, column = np.argwhere(np.isinf(block))[0]
            raise DataError(
                f"{request.signals.source}: signals must be finite, got an infinite entry, the first in entry {row} of "
                f"signal {first + column} (NaN marks a missing one)"
            )
        yield _Piece(first, block)


def _piece_size(request: Request, A: Array, Y: Array) -> int:
    """Return how many signals to solve at once: a quarter of the memory holds them and their result."""
    each = A.itemsize * (4 * A.shape[0] + CODERS[request.method].arrays * A.shape[1])
    return int(max(1, min(request.memory // 4 // each, max(SMALLEST, -(-Y.shape[1] // PIECES)))))


# What goes out ----------------------------------------------------------------------------------------------------

_NUMBERS = ("noise", "evidence", "gap", "n_iter")
"""What a result may say of each signal."""


class _Run:
    """What has been found so far: the codes on disk, a few numbers for each signal in memory."""

    def __init__(self, request: Request, A: Array, Y: Array, folder: ResultFolder) -> None:
        self.request, self.A, self.folder = request, A, folder
        self.coder, self.k = CODERS[request.method], Y.shape[1]
        self.digest, self.started = Digest(A, self.k), time.perf_counter()
        self.numbers = dict[str, Array]()
        self.statuses, self.messages = list[Status](), list[str]()
        self.missing, self.trace_of = 0, "objective"

    def add(self, piece: _Piece, progress: CountingProgress) -> None:
        """Solve a piece and keep what it gives; a signal without an entry gets NaN."""
        there = np.asarray(~np.isnan(piece.Y).all(axis=0))
        where, Y = piece.first + np.flatnonzero(there), piece.Y[:, there]
        self.missing += int(np.isnan(Y).sum())
        result = self._solved(Y, piece.first, progress) if len(where) else None
        for name in self.coder.columns:
            self._keep_columns(name, result, there)
        if result is not None:
            self._keep_numbers(result, where)
            self.digest.add(where, Y, result)
        progress.update(piece.first + len(there))

    def codes(self) -> Codes:
        """Return what the report shows."""
        return Codes(
            method=self.request.method,
            support=self.digest.support,
            large=self.digest.large,
            residual=self.digest.residual,
            seconds=time.perf_counter() - self.started,
            status=worst(self.statuses),
            message="; ".join(list(dict.fromkeys(self.messages))[:MESSAGES]),
            gap=float(np.nanmax(self.numbers["gap"])) if self.numbers else float("nan"),
            trace_of=self.trace_of,
            examples=self.digest.examples(),
            maps=self._maps(),
        )

    def arrays(self) -> dict[str, Array]:
        """Return what has one value a signal, or one a column."""
        names = np.array(self.request.names)
        digest = {name: getattr(self.digest, name) for name in ("support", "large", "residual")}
        return digest | self.numbers | {"names": names}

    def _solved(self, Y: Array, first: int, progress: CountingProgress) -> Result:
        return self.coder.solve(
            self.A, Y, dict(self.request.options), self.request.memory // 2, lambda done: progress.update(first + done)
        )

    def _keep_columns(self, name: str, result: Result | None, there: Array) -> None:
        block = np.full((self.A.shape[1], len(there)), np.nan, dtype=self.A.dtype, order="F")
        if result is not None:
            block[:, there] = getattr(result, name)
        self.folder.columns(name, (self.A.shape[1], self.k), self.A.dtype).append(block)

    def _keep_numbers(self, result: Result, where: Array) -> None:
        for name in _NUMBERS:
            if (values := getattr(result, name, None)) is not None:
                self.numbers.setdefault(name, np.full(self.k, np.nan))[where] = values
        self.statuses.append(result.status)
        self.messages.append(result.message)
        self.trace_of = trace_of(result)

    def _maps(self) -> tuple[Map, ...]:
        image, x = self.request.image, self.folder.written("x")
        if image is None or x is None:
            return ()
        return named_maps(x, self.folder.written("std"), self.request.names, image, self.digest.use)


def _metrics(run: _Run, codes: Codes) -> dict[str, Any]:
    request, (n, m) = run.request, run.A.shape
    image = request.image
    metrics: dict[str, Any] = without_nan(
        {
            "laconic": laconic.__version__,
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "command": request.command,
            "title": f"Codes of {request.signals.source}",
            "method": request.method,
            "settings": request.options,
            "memory_bytes": request.memory,
            "machine": machine(),
            "data": _data(run, codes),
            "dictionary": {
                "source": request.dictionary.source,
                "n_entries": n,
                "n_columns": m,
                "dtype": str(run.A.dtype),
            },
            "signals": {
                "source": request.signals.source,
                "count": run.k,
                "without_entries": run.k - codes.solved,
                "missing_entries": run.missing,
            },
            "image": None if image is None else {"lines": image.lines, "cols": image.cols, "order": image.order},
            "n_columns": m,
            "rows": [code_row(codes, run.numbers)],
        }
    )
    return metrics


def _data(run: _Run, codes: Codes) -> str:
    """Return what was read in a sentence."""
    n, m = run.A.shape
    said = [
        f"{run.request.signals.source}, {run.k:,} signals of {n:,} entries",
        f"dictionary {run.request.dictionary.source} of {m:,} columns",
    ]
    said += [f"{run.missing:,} missing entries"] if run.missing else []
    return ", ".join(said)
