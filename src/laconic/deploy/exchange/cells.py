"""How gates make the next state, in ONNX operators: `laconic.deploy.cells`, cell by cell."""

from collections.abc import Callable
from dataclasses import dataclass

from laconic.deploy.exchange.draft import Draft
from laconic.deploy.recurrence import Recurrence


@dataclass(frozen=True)
class Driven:
    """What drives the gates in one step.

    Attributes
    ----------
    together : str
        W x + U h and the biases, of the gates that are not apart.
    by_input, by_state : str
        W x with its bias, and U h, of the gates apart; empty where there are none.
    states : list of str
        As they were before.
    """

    together: str
    by_input: str
    by_state: str
    states: list[str]


CellNodes = Callable[[Recurrence, Draft, Driven], list[str]]


def _lstm(recurrence: Recurrence, draft: Draft, driven: Driven) -> list[str]:
    i, f, g, o = draft.split(driven.together, *[recurrence.n_units] * 4)
    kept = draft.op("Mul", draft.op("Sigmoid", f), driven.states[1])
    new = draft.op("Mul", draft.op("Sigmoid", i), draft.op("Tanh", g))
    c = draft.op("Add", kept, new)
    return [draft.op("Mul", draft.op("Sigmoid", o), draft.op("Tanh", c)), c]


def _gru(recurrence: Recurrence, draft: Draft, driven: Driven) -> list[str]:
    r, z = draft.split(draft.op("Sigmoid", driven.together), *[recurrence.n_units] * 2)
    by_state = draft.op("Add", driven.by_state, draft.constant(recurrence.bias[3]))
    n = draft.op("Tanh", draft.op("Add", driven.by_input, draft.op("Mul", r, by_state)))
    return [draft.op("Add", n, draft.op("Mul", z, draft.op("Sub", driven.states[0], n)))]


def _rnn(recurrence: Recurrence, draft: Draft, driven: Driven) -> list[str]:
    return [_squash(recurrence, draft, driven.together)]


def _fastrnn(recurrence: Recurrence, draft: Draft, driven: Driven) -> list[str]:
    alpha, beta = (draft.number(recurrence.scalars[name]) for name in ("alpha", "beta"))
    new = draft.op("Mul", alpha, _squash(recurrence, draft, driven.together))
    return [draft.op("Add", new, draft.op("Mul", beta, driven.states[0]))]


def _fastgrnn(recurrence: Recurrence, draft: Draft, driven: Driven) -> list[str]:
    """Take ``zeta (1 - z) + nu`` as ``(zeta + nu) - zeta z``: one node less."""
    zeta, nu, bias = recurrence.scalars["zeta"], recurrence.scalars["nu"], recurrence.bias
    z = draft.op("Sigmoid", driven.together)
    new = _squash(recurrence, draft, draft.op("Add", driven.together, draft.constant(bias[1] - bias[0])))
    share = draft.op("Sub", draft.number(zeta + nu), draft.op("Mul", draft.number(zeta), z))
    return [draft.op("Add", draft.op("Mul", share, new), draft.op("Mul", z, driven.states[0]))]


def _squash(recurrence: Recurrence, draft: Draft, name: str) -> str:
    return draft.op("Relu" if recurrence.scalars["relu"] else "Tanh", name)


CELL_NODES: dict[str, CellNodes] = {
    "lstm": _lstm, "gru": _gru, "rnn": _rnn, "fastrnn": _fastrnn, "fastgrnn": _fastgrnn,
}  # fmt: skip
"""Every cell by name; a new one adds its function and its word here."""
