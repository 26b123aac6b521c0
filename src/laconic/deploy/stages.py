"""A graph as stages, each a recurrent layer behind layers that act on one step, and what follows the last of them."""

from dataclasses import dataclass

from laconic.core.checks import ParameterError
from laconic.deploy.graph import Graph
from laconic.deploy.layers import FinalState, LastStep, Layer, Recurrent


@dataclass(frozen=True)
class Stage:
    """Layers that act on one step, then a recurrent layer.

    Attributes
    ----------
    before : tuple of Layer
    recurrent : Recurrent
    n_inputs : int
        Width of what comes into the first layer.
    """

    before: tuple[Layer, ...]
    recurrent: Recurrent
    n_inputs: int

    @property
    def n_outputs(self) -> int:
        """Units of all directions."""
        return self.recurrent.n_outputs(0)


@dataclass(frozen=True)
class Staged:
    """What `staged` returns.

    Attributes
    ----------
    stages : tuple of Stage
    after : tuple of Layer
        What acts on the step that is picked.
    last_step : bool
        Whether the output at the last step is picked, and not the state in which each direction ends.
    """

    stages: tuple[Stage, ...]
    after: tuple[Layer, ...]
    last_step: bool

    @property
    def streams(self) -> bool:
        """Whether steps can be taken as they come: no direction is in reverse."""
        return not any(d.reverse for stage in self.stages for d in stage.recurrent.directions)


def staged(owner: str, graph: Graph) -> Staged:
    """Return a graph's stages, or raise `ParameterError` if it has no recurrent layer or picks no step."""
    if not isinstance(graph, Graph):
        raise ParameterError(owner, "graph", "a Graph of floats, as lower gives", type(graph).__name__)
    stages, pending, picked, width = list[Stage](), list[Layer](), list[Layer](), graph.n_features
    for layer in graph.layers:
        if isinstance(layer, Recurrent):
            stages.append(Stage(tuple(pending), layer, width))
            pending, width = [], stages[-1].n_outputs
        else:
            (picked if isinstance(layer, FinalState | LastStep) else pending).append(layer)
    if not stages or not picked:
        raise ParameterError(owner, "graph", "with a recurrent layer and one answer a sequence", graph.kinds)
    return Staged(tuple(stages), tuple(pending), isinstance(picked[0], LastStep))
