"""What a structure is to stand for: one matrix of a layer, or several side by side."""

from dataclasses import dataclass

from torch import Tensor, nn

from laconic.rnn.anatomy import WeightGroup
from laconic.rnn.methods.method import MatrixSize
from laconic.rnn.survey import Survey


@dataclass(frozen=True)
class Target:
    """Weights of a module that one structure will stand for.

    Attributes
    ----------
    layer : str
        Name of the module in the model.
    module : torch.nn.Module
    key : str
        Name of the structure within the module.
    names : tuple of str
        The weights, from left to right.
    size : MatrixSize
    bias_names : tuple of str
        Bias vectors that belong to it.
    merged : tuple of float
        Share by gate of the second bias vector that is added into the first; empty where there is none to merge.
    n_gates_apart : int
        Gates that need the products with input and state apart.
    """

    layer: str
    module: nn.Module
    key: str
    names: tuple[str, ...]
    size: MatrixSize
    bias_names: tuple[str, ...]
    merged: tuple[float, ...]
    n_gates_apart: int

    @property
    def weights(self) -> list[Tensor]:
        """The weights, while they are parameters."""
        return [self.module.get_parameter(name) for name in self.names]

    @property
    def kept_biases(self) -> tuple[str, ...]:
        """Bias vectors that remain after merging."""
        return self.bias_names[:1] if self.merged else self.bias_names


def matrix_targets(found: Survey, layout: str) -> list[Target]:
    """Return the targets of the chosen layers: [W U] together ("joint") or each weight alone ("separate")."""
    return [
        target
        for layer, (module, groups) in found.chosen.items()
        for group in groups
        for target in _group_targets(layer, module, group, layout)
    ]


def _group_targets(layer: str, module: nn.Module, group: WeightGroup, layout: str) -> list[Target]:
    parts = range(len(group.weights))
    pieces = [tuple(parts)] if layout == "joint" else [(part,) for part in parts]
    return [_target(layer, module, group, piece) for piece in pieces]


def _target(layer: str, module: nn.Module, group: WeightGroup, piece: tuple[int, ...]) -> Target:
    first, whole = 0 in piece, len(piece) == len(group.weights)
    n_biases = (group.n_gates if group.merged else len(group.biases)) if first else 0
    names = tuple(group.weights[part] for part in piece)
    size = MatrixSize(
        layer=layer or type(module).__name__,
        n_gates=group.n_gates,
        n_units=group.n_units,
        widths=tuple(group.widths[part] for part in piece),
        from_below=group.from_below if first else 0,
        n_biases=n_biases,
    )
    return Target(
        layer=layer,
        module=module,
        key=group.key if whole else names[0],
        names=names,
        size=size,
        bias_names=group.biases if first else (),
        merged=group.merged if first else (),
        n_gates_apart=group.n_gates_apart if whole and len(piece) > 1 else 0,
    )
