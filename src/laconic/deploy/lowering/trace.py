"""Any other module: its forward is followed from its one input to its one output."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn

from laconic.deploy.layers import FinalState, LastStep, Layer, ReLU, Softmax
from laconic.deploy.lowering.recurrences import KINDS
from laconic.deploy.lowering.refusal import refusal
from laconic.rnn.layers import FastGRNN, FastRNN
from laconic.rnn.network import SequenceNetwork

LayersOf = Callable[[nn.Module, str], list[Layer]]


class _Tracer(fx.Tracer):
    """Keeps laconic's layers whole, as torch's are."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Tell whether a module is not to be looked into."""
        whole = (FastRNN, FastGRNN, SequenceNetwork)
        return isinstance(m, whole) or super().is_leaf_module(m, module_qualified_name)


def followed(module: nn.Module, name: str, layers_of: LayersOf) -> list[Layer]:
    """Follow a forward from its one input to its one output."""
    kind = type(module).__name__
    try:
        nodes = list(_Tracer().trace(module).nodes)
    except Exception as error:  # fx runs the model's own forward, which can raise anything
        raise refusal(name, f"{kind}, whose forward cannot be followed ({error})") from error
    return _Chain(module, name or kind, layers_of).follow(nodes)


class _Chain:
    """Walks the nodes of a trace, each of which has to take what the one before gave."""

    def __init__(self, module: nn.Module, name: str, layers_of: LayersOf) -> None:
        self.module, self.name, self.layers_of = module, name, layers_of
        self.layers: list[Layer] = []

    def follow(self, nodes: list[fx.Node]) -> list[Layer]:
        """Return the layers."""
        inputs = [node for node in nodes if node.op == "placeholder"]
        if len(inputs) != 1:
            raise refusal(self.name, f"a forward of {len(inputs)} inputs (one is wanted)")
        return self._from(inputs[0])

    def _from(self, node: fx.Node) -> list[Layer]:
        """Go on from a node until the output."""
        while True:
            users = [user for user in node.users if user.users or user.op == "output"]
            if len(users) != 1:
                raise refusal(self.name, f"what {node.name} gives is used {len(users)} times in its forward")
            node = self._taken(users[0])
            if node.op == "output":
                return self.layers

    def _taken(self, node: fx.Node) -> fx.Node:
        """Add what a node does; return the node to go on from."""
        if node.op == "output":
            return node
        if node.op == "call_module":
            module = self.module.get_submodule(str(node.target))
            if len(node.args) != 1 or node.kwargs:
                raise refusal(self.name, f"a forward that gives {node.target} more than its input, such as a state")
            self.layers += self.layers_of(module, str(node.target))
            return self._picked(node) if isinstance(module, tuple(KINDS.values())) else node
        self.layers += self._called(node)
        return node

    def _picked(self, node: fx.Node) -> fx.Node:
        """Take the output or the final state of a recurrent layer, the two that it gives."""
        picks = [user for user in node.users if user.target is operator.getitem and user.users]
        if len(picks) != 1 or any(user.users for user in node.users if user is not picks[0]):
            raise refusal(self.name, f"a forward that uses {node.name} otherwise than by its output or its state")
        if picks[0].args[1] == 0:
            return picks[0]
        return self._state(picks[0], str(node.target))

    def _state(self, node: fx.Node, target: str) -> fx.Node:
        """Follow ``_, h = gru(x); h[-1]`` and ``_, (h, c) = lstm(x); h[-1]``."""
        module: Any = self.module.get_submodule(target)
        for wanted in ([0] if isinstance(module, nn.LSTM) else []) + [-1]:
            users = [user for user in node.users if user.users]
            if len(users) != 1 or users[0].target is not operator.getitem or users[0].args[1] != wanted:
                raise refusal(self.name, f"a forward that takes another state of {target} than h[-1]")
            node = users[0]
        if module.bidirectional:
            raise refusal(self.name, f"a forward that takes h[-1] of {target}, which leaves its first direction out")
        self.layers.append(FinalState(f"{target}.state", 0))
        return node

    def _called(self, node: fx.Node) -> list[Layer]:
        """Return what a function or method of tensors does, if it is one that layers do as well."""
        last = node.target is operator.getitem and tuple(node.args[1:]) in _LAST_STEP
        if last:
            return [LastStep(node.name)]
        for layer, targets in _FUNCTIONS.items():
            if node.target in targets:
                return self._function(layer, node)
        raise refusal(self.name, f"{node.target} in its forward")

    def _function(self, layer: type[Layer], node: fx.Node) -> list[Layer]:
        axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else -1)
        if layer is Softmax and axis != -1:
            raise refusal(self.name, f"softmax over axis {axis} (only the last, -1)")
        return [layer(node.name)]


_LAST_STEP = (
    ((slice(None), -1),),
    ((slice(None), -1, slice(None)),),
    ((slice(None), -1, Ellipsis),),
)
_FUNCTIONS: dict[type[Layer], tuple[Any, ...]] = {
    ReLU: (torch.relu, nn.functional.relu, "relu"),
    Softmax: (torch.softmax, nn.functional.softmax, "softmax"),
}
