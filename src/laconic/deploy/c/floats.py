"""A graph of floats: functions for the steps of its layers, and what answers."""

from laconic.deploy.c.recurrences import write_step
from laconic.deploy.c.skeleton import Level, Numbers, Skeleton, Way
from laconic.deploy.c.source import Source
from laconic.deploy.c.vectors import write_vectors
from laconic.deploy.graph import Graph
from laconic.deploy.recurrence import Recurrence
from laconic.deploy.stages import Stage, staged

FLOATS = Numbers(
    word="float",
    answer="float",
    copy="lac_copy_f32",
    zero="lac_zero_f32",
    includes=("laconic_config.h", "laconic_math.h", "laconic_kernels.h", "laconic_cells.h"),
    about=(),
    fraction_bits={},
    bytes_of_word=4,
)


def float_skeleton(graph: Graph, owner: str, source: Source) -> Skeleton:
    """Write the functions for single steps; return what joins them."""
    found = staged(owner, graph)
    levels = [_level(stage, i, source) for i, stage in enumerate(found.stages)]
    width = levels[-1].n_outputs
    top = levels[-1].joined(source, FLOATS.word)
    lines, at, size = write_vectors(list(found.after), width, top, source)
    return Skeleton(FLOATS, tuple(levels), found.last_step, top, (*lines, f"lac_copy_f32(y, {at}, {size});"))


def _level(stage: Stage, number: int, source: Source) -> Level:
    ways = [_way(stage, direction, f"layer{number}", source) for direction in stage.recurrent.directions]
    return Level(tuple(ways), stage.n_inputs)


def _way(stage: Stage, direction: Recurrence, layer: str, source: Source) -> Way:
    """Write a function for one step of the layers before a recurrence and of the recurrence."""
    name = layer + "_reverse" * direction.reverse
    h = write_step(direction, name, stage.recurrent.name, source)
    lines, at, _ = write_vectors(list(stage.before), stage.n_inputs, "x", source)
    lines.append(f"{source.prefix}_{name}(s, {at});")
    source.function(f"static void {source.prefix}_{name}_step({source.prefix}_state *s, const float *x)", lines)
    return Way(name, h, direction.n_units, direction.reverse)
