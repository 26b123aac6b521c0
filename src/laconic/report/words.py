"""Figures in words, and the finding of a comparison in sentences computed from it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from laconic.core.units import format_bytes
from laconic.report.records import MethodRow
from laconic.report.statistics import newcombe, wilson

SPACE = "\u00a0"  # no-break
NONE = "–"
_CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN", "fastrnn": "FastRNN", "fastgrnn": "FastGRNN"}


def cell_name(cell: str) -> str:
    """Return a recurrent cell's name as the field writes it."""
    return _CELLS.get(cell, cell)


def count(value: int | None) -> str:
    """Return a count with its thousands set apart."""
    return NONE if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """Return bytes in KB, the number and its unit never parted."""
    return NONE if value is None else format_bytes(value).replace(" ", SPACE)


def factor(value: float) -> str:
    """Return "11×", or "4.2×" below ten."""
    return NONE if not math.isfinite(value) else f"{value:.1f}×" if value < 9.95 else f"{value:.0f}×"


def exact_factor(value: float) -> str:
    """Return a factor with two decimals, as tables in papers do."""
    return NONE if not math.isfinite(value) else f"{value:.2f}×"


def percent(share: float, n: int) -> str:
    """Return a share in per cent, with no more decimals than `n` samples can tell apart."""
    return NONE if not math.isfinite(share) else f"{100 * share:.{decimals(n)}f}{SPACE}%"


def decimals(n: int) -> int:
    """Return the decimals that a percentage of `n` samples deserves."""
    return 2 if n >= 5000 else 1


def interval(share: float, n: int) -> str:
    """Return Wilson's 95 % interval in per cent, or nothing if there is no share or no `n`."""
    if not math.isfinite(share) or n < 1:
        return ""
    low, high = wilson(share, n)
    return f"{100 * low:.{decimals(n)}f} to {100 * high:.{decimals(n)}f}"


def duration(seconds: float) -> str:
    """Return "48 s", "2 min 05 s" or "1 h 05 min"."""
    if not math.isfinite(seconds):
        return NONE
    if seconds < 59.5:
        return f"{seconds:.1f}{SPACE}s" if seconds < 9.95 else f"{seconds:.0f}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min{SPACE}{rest:02d}{SPACE}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}{SPACE}h{SPACE}{minutes:02d}{SPACE}min"


def keep_shapes(text: str) -> str:
    """Return text in which shapes such as "(5, 17)" and "40 × 68" are not broken across lines."""
    return re.sub(r"(?<=\d), (?=\d)", f",{SPACE}", text.replace(" × ", f"{SPACE}×{SPACE}"))


@dataclass(frozen=True)
class Comparison:
    """The rows of one run, ready to be spoken of.

    Parameters
    ----------
    rows : sequence of MethodRow
        What was measured.
    cell : str
        Cell of the network, such as "lstm".
    budget : int or None
        Bytes a compressed model may have; a larger one is no candidate for the best.
    n_test : int
        Number of test samples, 0 if not known.
    """

    rows: tuple[MethodRow, ...]
    cell: str
    budget: int | None
    n_test: int

    @property
    def dense(self) -> MethodRow | None:
        """The model the others are compared with, if it was measured."""
        return next((row for row in self.rows if row.dense and row.measured), None)

    @property
    def ranking(self) -> list[MethodRow]:
        """Compressed rows within the budget, most accurate first; the smaller first among equals."""
        fitting = [row for row in self.rows if not row.dense and row.measured and not self.too_large(row)]
        return sorted(fitting, key=lambda row: (-row.accuracy, row.size or 0))

    def too_large(self, row: MethodRow) -> bool:
        """Whether a compressed row exceeds the budget."""
        return not row.dense and None not in (self.budget, row.size) and (row.size or 0) > (self.budget or 0)

    def finding(self) -> str:
        """Return the main result in one sentence."""
        best, dense = next(iter(self.ranking), None), self.dense
        right = f"of the {count(self.n_test)} test samples right" if self.n_test else "of the test samples right"
        if best is None:
            if dense is None:
                return "No test accuracy was measured."
            return (
                f"The {self._model(dense)} ({size(dense.size)}) gets {self._share(dense)} {right}; {self._nothing()}."
            )
        start = f"At {size(best.size)} the {self._model(best)} gets {self._share(best)} {right}"
        return f"{start}; {_larger(best, dense)}, {self._share(dense)}." if dense else f"{start}."

    def lead(self) -> str:
        """Return what qualifies the finding: the price of compression, and how the rivals do."""
        return " ".join(filter(None, [self._price(), self._rivals()]))

    def _model(self, row: MethodRow) -> str:
        more = f" ({row.look.more})" if row.look.more else ""
        return f"{row.look.adjective} {cell_name(self.cell)}{more}"

    def _share(self, row: MethodRow) -> str:
        return percent(row.accuracy, 0)

    def _nothing(self) -> str:
        given = any(not row.dense for row in self.rows)
        return "no compressed model within the budget was measured" if given else "nothing was compressed"

    def _undecided(self, one: MethodRow, other: MethodRow) -> bool:
        """Whether the test set is too small to tell which of the two is better."""
        low, high = newcombe(one.accuracy, other.accuracy, self.n_test) if self.n_test else (1.0, 1.0)
        return low <= 0 <= high

    def _price(self) -> str:
        best, dense = next(iter(self.ranking), None), self.dense
        if best is None or dense is None or not self.n_test:
            return ""
        low, high = (100 * end for end in newcombe(dense.accuracy, best.accuracy, self.n_test))
        if self._undecided(dense, best):
            return f"{count(self.n_test)} test samples are too few to tell the two apart."
        points = f"{abs(100 * (dense.accuracy - best.accuracy)):.1f} points"
        ends = sorted((abs(low), abs(high)))
        verb = "Compression costs" if low > 0 else "The compressed model even gains"
        return f"{verb} {points} of accuracy (95{SPACE}% interval {ends[0]:.1f} to {ends[1]:.1f})."

    def _rivals(self) -> str:
        ranking = self.ranking
        best = next(iter(ranking), None)
        second = next((row for row in ranking if best and row.structure != best.structure), None)  # another network
        if best is None or second is None:
            return ""
        if best.method == "kronecker":
            return self._second(best, second)
        kronecker = next((row for row in ranking if row.method == "kronecker"), None)
        return self._second(best, second) if kronecker is None else self._beaten(best, kronecker)

    def _second(self, best: MethodRow, second: MethodRow) -> str:
        start = f"Next within the budget is the {self._model(second)} with {self._share(second)}"
        if self._undecided(best, second):
            return f"{start}, too close to call on this test set."
        return f"{start}, {_points(best, second)} behind."

    def _beaten(self, best: MethodRow, kronecker: MethodRow) -> str:
        start = f"The {self._model(kronecker)} is not the best here: {self._share(kronecker)} at {size(kronecker.size)}"
        if self._undecided(best, kronecker):
            return f"{start}, though the difference is too small to call on this test set."
        return f"{start}, {_points(best, kronecker)} behind."


def _points(best: MethodRow, other: MethodRow) -> str:
    return f"{100 * (best.accuracy - other.accuracy):.1f} points"


def _larger(best: MethodRow, dense: MethodRow) -> str:
    """Name the dense model by how much larger it is than the best compressed one."""
    if not best.size or not dense.size or abs(dense.size / best.size - 1) < 0.05:
        return "the dense one"
    ratio = dense.size / best.size
    though = "though " if ratio > 1 and dense.accuracy < best.accuracy else ""
    return (
        f"the dense one, {though}{factor(ratio)} larger" if ratio > 1 else f"the dense one, {factor(1 / ratio)} smaller"
    )


def mistakes(confusion: Sequence[Sequence[int]], classes: Sequence[str], most: int = 3) -> str:
    """Return the most frequent mistakes of a confusion matrix in one sentence."""
    found = sorted(
        ((n, i, j) for i, row in enumerate(confusion) for j, n in enumerate(row) if i != j and n),
        key=lambda entry: (-entry[0], entry[1], entry[2]),
    )
    if not found:
        return "No mistakes."
    listed = (f"{classes[i]} taken for {classes[j]} ({n} of {sum(confusion[i])})" for n, i, j in found[:most])
    return f"Most frequent {'mistake' if len(found) == 1 else 'mistakes'}: {', '.join(listed)}."
