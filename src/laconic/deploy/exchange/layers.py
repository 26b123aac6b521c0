"""Each layer as nodes of an ONNX graph; sequences have their steps first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from laconic.deploy.exchange.draft import Draft, Rows
from laconic.deploy.exchange.products import product
from laconic.deploy.exchange.recurrent import Run
from laconic.deploy.layers import FinalState, LastStep, Layer, Linear, Recurrent, ReLU, Rescale, Softmax


@dataclass(frozen=True)
class Ended:
    """A recurrent layer of which nothing is wanted but where it ends.

    Attributes
    ----------
    recurrent : Recurrent
    last_step : bool
        Whether directions in reverse are wanted at the last step, which they read first.
    """

    recurrent: Recurrent
    last_step: bool

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.recurrent.name


def ended(layers: Sequence[Layer]) -> list[Layer | Ended]:
    """Return layers with each recurrent one that a state or step is picked from together with that pick."""
    found: list[Layer | Ended] = []
    for layer in layers:
        before = found[-1] if found else None
        if isinstance(before, Recurrent) and _picks_the_end(layer, before):
            found[-1] = Ended(before, isinstance(layer, LastStep))
        else:
            found.append(layer)
    return found


def _picks_the_end(layer: Layer, recurrent: Recurrent) -> bool:
    backwards = [d.reverse for d in recurrent.directions]
    units = sum(d.n_units for d in recurrent.directions if d.reverse)
    states = isinstance(layer, FinalState) and layer.reversed_units == units and backwards == sorted(backwards)
    return states or isinstance(layer, LastStep)


@singledispatch
def nodes(layer: object, draft: Draft, x: Rows, run: Run) -> Rows:
    """Return a layer's output; a new layer registers itself here."""
    raise TypeError(f"no ONNX for {type(layer).__name__}")


@nodes.register
def _recurrent(layer: Recurrent, draft: Draft, x: Rows, run: Run) -> Rows:
    return Rows(run(layer.directions, draft, x, False), 2)


@nodes.register
def _ended(layer: Ended, draft: Draft, x: Rows, run: Run) -> Rows:
    directions = layer.recurrent.directions
    if not layer.last_step or not any(direction.reverse for direction in directions):
        return Rows(run(directions, draft, x, True), 1)
    last = Rows(draft.sliced(x.name, 0, -1), 2)
    return Rows(draft.joined([run((d,), draft, last if d.reverse else x, True) for d in directions]), 1)


@nodes.register
def _final_state(layer: FinalState, draft: Draft, x: Rows, run: Run) -> Rows:
    last, first = (draft.op("Gather", x.name, draft.constant(np.array(step)), axis=0) for step in (-1, 0))
    if not layer.reversed_units:
        return Rows(last, 1)
    ahead, back = draft.sliced(last, 1, 0, -layer.reversed_units), draft.sliced(first, 1, -layer.reversed_units)
    return Rows(draft.joined([ahead, back]), 1)


@nodes.register
def _last_step(layer: LastStep, draft: Draft, x: Rows, run: Run) -> Rows:
    return Rows(draft.op("Gather", x.name, draft.constant(np.array(-1)), axis=0), 1)


@nodes.register
def _linear(layer: Linear, draft: Draft, x: Rows, run: Run) -> Rows:
    return Rows(draft.op("Add", product(layer.matrix, draft, x), draft.constant(layer.bias)), x.lead)


@nodes.register
def _rescale(layer: Rescale, draft: Draft, x: Rows, run: Run) -> Rows:
    centred = draft.op("Sub", x.name, draft.constant(layer.mean))
    return Rows(draft.op("Div", centred, draft.constant(layer.scale)), x.lead)


@nodes.register
def _relu(layer: ReLU, draft: Draft, x: Rows, run: Run) -> Rows:
    return Rows(draft.op("Relu", x.name), x.lead)


@nodes.register
def _softmax(layer: Softmax, draft: Draft, x: Rows, run: Run) -> Rows:
    return Rows(draft.op("Softmax", x.name, axis=-1), x.lead)
