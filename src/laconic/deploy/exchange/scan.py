"""One direction of a recurrent layer as an ONNX Scan, whose body keeps the structure's factors."""

from dataclasses import dataclass
from typing import Any

from onnx import GraphProto, TensorProto, ValueInfoProto, helper

from laconic.deploy.exchange.cells import CELL_NODES, Driven
from laconic.deploy.exchange.draft import Draft, Rows
from laconic.deploy.exchange.products import product
from laconic.deploy.recurrence import Recurrence
from laconic.structured import StructuredMatrix


@dataclass(frozen=True)
class Plan:
    """Who is multiplied where.

    Attributes
    ----------
    outside : StructuredMatrix or None
        Multiplied with all steps' inputs at once, before the loop; None where inputs come into the loop as they are.
    within : StructuredMatrix
        Multiplied with the state in the loop; with input and state side by side where nothing is multiplied outside.
    padded : bool
        Whether both are [W U], which takes zeros in place of the state, and of the input.
    """

    outside: StructuredMatrix | None
    within: StructuredMatrix
    padded: bool = False


def plan(recurrence: Recurrence) -> Plan:
    """Return how to multiply: W apart from U where [W U] can be cut between them.

    What cannot be cut, such as a Kronecker product, is multiplied once, in the loop, unless the cell needs W x and U h
    of a gate apart.
    """
    if len(recurrence.matrices) == 2:
        return Plan(*recurrence.matrices)
    (whole,), n = recurrence.matrices, recurrence.n_inputs
    by_input, by_state = whole.columns_between(0, n), whole.columns_between(n, whole.shape[1])
    if by_input is not None and by_state is not None:
        return Plan(by_input, by_state)
    return Plan(whole, whole, padded=True) if recurrence.rule.n_apart else Plan(None, whole)


def scanned(recurrence: Recurrence, draft: Draft, x: Rows, *, final: bool) -> str:
    """Return the outputs (steps, n, H) on sequences (steps, n, inputs), or the final state (n, H)."""
    how, states = plan(recurrence), recurrence.rule.n_states
    inputs = (*[_zeros(recurrence, draft, x)] * states, _outside(recurrence, how, draft, x))
    body, way = _body(recurrence, how, draft.inner(), final), [int(recurrence.reverse)]
    said: dict[str, Any] = {"body": body, "num_scan_inputs": 1, "scan_input_directions": way}
    if final:
        return draft.ops("Scan", inputs, states, **said)[0]
    return draft.ops("Scan", inputs, states + 1, scan_output_directions=way, **said)[-1]


def _zeros(recurrence: Recurrence, draft: Draft, x: Rows) -> str:
    """Return the state before the first step, of as many rows as x has at each step."""
    n = draft.op("Shape", x.name, start=1, end=2)
    return draft.op("ConstantOfShape", draft.op("Concat", n, draft.whole(recurrence.n_units), axis=0))


def _outside(recurrence: Recurrence, how: Plan, draft: Draft, x: Rows) -> str:
    if how.outside is None:
        return x.name
    source = Rows(draft.padded(x, 0, recurrence.n_units), x.lead) if how.padded else x
    return draft.op("Add", product(how.outside, draft, source), _bias(recurrence, draft))


def _bias(recurrence: Recurrence, draft: Draft) -> str:
    return draft.constant(recurrence.bias[: recurrence.rule.n_gates].ravel())


def _body(recurrence: Recurrence, how: Plan, draft: Draft, final: bool) -> GraphProto:
    states = [draft.named("state") for _ in range(recurrence.rule.n_states)]
    x, h = draft.named("x"), recurrence.n_units
    by_input, by_state = _products(recurrence, how, draft, x, states[0])
    driven = _driven(recurrence, draft, by_input, by_state, states)
    reached = CELL_NODES[recurrence.cell](recurrence, draft, driven)
    outputs = reached if final else [*reached, draft.op("Identity", reached[0])]
    width = recurrence.n_inputs if how.outside is None else how.outside.shape[0]
    taken = [*(_info(name, h) for name in states), _info(x, width)]
    return helper.make_graph(draft.nodes, draft.named("step"), taken, [_info(name, h) for name in outputs])


def _products(recurrence: Recurrence, how: Plan, draft: Draft, x: str, state: str) -> tuple[str, str]:
    """Return what comes from the input, the bias with it, and what comes from the state: alike in width."""
    h = Rows(state, 1)
    if how.outside is None:
        joined = Rows(draft.joined([x, state]), 1)
        return _bias(recurrence, draft), product(how.within, draft, joined)
    return x, product(how.within, draft, Rows(draft.padded(h, recurrence.n_inputs, 0), 1) if how.padded else h)


def _driven(recurrence: Recurrence, draft: Draft, by_input: str, by_state: str, states: list[str]) -> Driven:
    apart = recurrence.rule.n_apart * recurrence.n_units
    if not apart:
        return Driven(draft.op("Add", by_input, by_state), "", "", states)
    sizes = (recurrence.rule.n_gates * recurrence.n_units - apart, apart)
    first, second = draft.split(by_input, *sizes), draft.split(by_state, *sizes)
    return Driven(draft.op("Add", first[0], second[0]), first[1], second[1], states)


def _info(name: str, width: int) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
