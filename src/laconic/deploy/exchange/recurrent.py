"""A recurrent layer in each of the forms that a file can have."""

from collections.abc import Callable, Iterator
from functools import partial

from laconic.deploy.exchange.draft import Draft, Rows
from laconic.deploy.exchange.scan import scanned
from laconic.deploy.exchange.standard import OPERATORS, Directions, Weights, operated
from laconic.deploy.exchange.weights import as_dense, expanded, materialised
from laconic.deploy.recurrence import Recurrence

Run = Callable[[Directions, Draft, Rows, bool], str]
"""Gives the outputs (steps, n, units) of directions, or where these end (n, units)."""


def _scans(directions: Directions, draft: Draft, x: Rows, final: bool) -> str:
    return draft.joined([scanned(direction, draft, x, final=final) for direction in directions])


def _dense_scans(directions: Directions, draft: Draft, x: Rows, final: bool) -> str:
    return _scans(tuple(map(as_dense, directions)), draft, x, final)


def _operators(directions: Directions, draft: Draft, x: Rows, final: bool, *, weights: Weights, loop: Run) -> str:
    """Write operators, and loops of cells that have none."""
    return draft.joined(
        [
            operated(group, draft, x, final=final, weights=weights)
            if group[0].cell in OPERATORS
            else loop(group, draft, x, final)
            for group in _groups(directions)
        ]
    )


def _groups(directions: Directions) -> Iterator[Directions]:
    """Yield directions one by one, and both ways together where they are alike."""
    if len(directions) == 2 and _are_a_pair(*directions):
        yield directions
    else:
        yield from ((direction,) for direction in directions)


def _are_a_pair(first: Recurrence, second: Recurrence) -> bool:
    alike = (first.cell, first.n_units, first.n_inputs) == (second.cell, second.n_units, second.n_inputs)
    return alike and not first.reverse and second.reverse


FORMS: dict[str, Run] = {
    "expanded": partial(_operators, weights=expanded, loop=_scans),
    "standard": partial(_operators, weights=materialised, loop=_dense_scans),
    "scan": _scans,
}
"""Every form by name."""
