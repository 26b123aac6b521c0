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


def _operators(directions: Directions, draft: Draft, x: Rows, final: bool, *, weights: Weights) -> str:
    return draft.joined([_operator(group, draft, x, final, weights) for group in _groups(directions)])


def _operator(group: Directions, draft: Draft, x: Rows, final: bool, weights: Weights) -> str:
    if group[0].cell in OPERATORS:
        return operated(group, draft, x, final=final, weights=weights)
    whole = tuple(map(as_dense, group)) if weights is materialised else group
    return _scans(whole, draft, x, final)


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
    "expanded": partial(_operators, weights=expanded),
    "standard": partial(_operators, weights=materialised),
    "scan": _scans,
}
"""Every form by name."""
