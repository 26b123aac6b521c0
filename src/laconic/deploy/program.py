"""One step of a recurrence as operations on named buffers: what code is made from, in every number format."""

from dataclasses import dataclass

from laconic.deploy.contract import Operation, Product, Span, SparseProduct, contracted
from laconic.deploy.recurrence import Recurrence
from laconic.structured import DenseMatrix, StructuredMatrix

INPUT, JOINED, DRIVEN, PADDED = "input", "joined", "driven", "padded"
"""Buffers of a step: its input; input and state side by side; what drives the gates; one of them beside zeros."""


@dataclass(frozen=True)
class Copy:
    """``target = source``."""

    source: Span
    target: Span


@dataclass(frozen=True)
class Zero:
    """``target = 0``."""

    target: Span


Step = Operation | Copy | Zero


@dataclass(frozen=True)
class StepProgram:
    """What drives the gates of one step; the bias stands in `DRIVEN` before, each operation adds to it.

    Attributes
    ----------
    steps : tuple of Copy, Zero, Product or SparseProduct
    joined, driven, padded : int
        Sizes of the buffers; `joined` ends with the state.
    """

    steps: tuple[Step, ...]
    joined: int
    driven: int
    padded: int

    @property
    def n_macs(self) -> int:
        """Multiply-adds."""
        return sum(step.n_macs for step in self.steps if isinstance(step, (Product, SparseProduct)))


def step_program(recurrence: Recurrence) -> StepProgram:
    """Return the program of one step."""
    n, h, rule = recurrence.n_inputs, recurrence.n_units, recurrence.rule
    joined, driven = Span(JOINED, 0, n + h), Span(DRIVEN, 0, (rule.n_gates + rule.n_apart) * h)
    steps: list[Step] = [Copy(Span(INPUT, 0, n), joined.part(0, n))]
    more = _two(recurrence, joined, driven) if len(recurrence.matrices) == 2 else _one(recurrence, joined, driven)
    steps += more
    padded = any(isinstance(step, Zero) for step in more)
    return StepProgram(tuple(steps), n + h, driven.size, n + h if padded else 0)


def _two(recurrence: Recurrence, joined: Span, driven: Span) -> list[Step]:
    """W and U are structures of their own: gates apart get U h elsewhere."""
    n, h, rule = recurrence.n_inputs, recurrence.n_units, recurrence.rule
    by_input, by_state = recurrence.matrices
    x, state, gates = joined.part(0, n), joined.part(n, h), driven.part(0, rule.n_gates * h)
    together = (rule.n_gates - rule.n_apart) * h
    found: list[Step] = [*contracted(by_input, x, gates)]
    first, last = _cut(by_state, together)
    if first is not None:
        found += contracted(first, state, driven.part(0, together))
    if last is not None:
        found += contracted(last, state, driven.part(gates.size, rule.n_apart * h))
    return found


def _one(recurrence: Recurrence, joined: Span, driven: Span) -> list[Step]:
    """[W U] is one structure: gates apart take it twice, with zeros for the state and for the input."""
    n, h, rule = recurrence.n_inputs, recurrence.n_units, recurrence.rule
    together, apart = (rule.n_gates - rule.n_apart) * h, rule.n_apart * h
    first, last = _cut(recurrence.matrices[0], together)
    found: list[Step] = [] if first is None else [*contracted(first, joined, driven.part(0, together))]
    if last is not None:
        for start, size, target in ((0, n, together), (n, h, together + apart)):
            found += _from_columns(last, joined.part(start, size), n + h, driven.part(target, apart))
    return found


def _from_columns(matrix: StructuredMatrix, source: Span, width: int, target: Span) -> list[Step]:
    """Multiply the columns that a part of the joined vector meets; with zeros beside it where they cannot be cut."""
    columns = matrix.columns_between(source.start, source.start + source.size)
    if columns is not None:
        return [*contracted(columns, source, target)]
    padded = Span(PADDED, 0, width)
    fill: list[Step] = [Zero(padded), Copy(source, padded.part(source.start, source.size))]
    return [*fill, *contracted(matrix, padded, target)]


def _cut(matrix: StructuredMatrix, at: int) -> tuple[StructuredMatrix | None, StructuredMatrix | None]:
    """Return the rows above and below, None where there are none."""
    return _rows(matrix, 0, at), _rows(matrix, at, matrix.shape[0])


def _rows(matrix: StructuredMatrix, start: int, stop: int) -> StructuredMatrix | None:
    if start == stop:
        return None
    return matrix.rows_between(start, stop) or _dense_rows(matrix, start, stop)


def _dense_rows(matrix: StructuredMatrix, start: int, stop: int) -> StructuredMatrix | None:
    """Rows of a structure that cannot be cut between them, if they are not all zero."""
    rows = matrix.dense()[start:stop]
    return DenseMatrix(rows) if rows.any() else None
