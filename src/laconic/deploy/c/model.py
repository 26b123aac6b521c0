"""The functions of a model in C: steps of its layers, and what a program calls."""

from collections.abc import Iterator

from laconic.deploy.c.recurrences import write_step
from laconic.deploy.c.source import Source
from laconic.deploy.c.vectors import write_vectors
from laconic.deploy.graph import Graph
from laconic.deploy.recurrence import Recurrence
from laconic.deploy.stages import Stage, Staged, staged


def write_model(graph: Graph, owner: str) -> tuple[Source, Staged]:
    """Return constants, fields and functions of a graph, all with the prefix `laconic_model`."""
    source, found = Source("laconic_model"), staged(owner, graph)
    states = [_write_stage(stage, i, source) for i, stage in enumerate(found.stages)]
    _write_read(found, states[-1], source, "" if found.streams else "static ")
    _write_reset(source)
    if found.streams:
        _write_streaming(found, states, source)
    else:
        _write_whole(found, states, source)
    return source, found


def _write_stage(stage: Stage, number: int, source: Source) -> list[str]:
    """Add a function for each direction of a stage; return the expressions for their states."""
    return [
        _write_direction(stage, direction, f"layer{number}{'_reverse' * direction.reverse}", source)
        for direction in stage.recurrent.directions
    ]


def _write_direction(stage: Stage, direction: Recurrence, name: str, source: Source) -> str:
    """Add a function for one step of the layers before a recurrence and of the recurrence."""
    h = write_step(direction, name, stage.recurrent.name, source)
    lines, at, _ = write_vectors(list(stage.before), stage.n_inputs, "x", source)
    lines.append(f"{source.prefix}_{name}(s, {at});")
    source.function(f"static void {source.prefix}_{name}_step({source.prefix}_state *s, const float *x)", lines)
    return h


def _write_read(found: Staged, states: list[str], source: Source, scope: str) -> None:
    """Add the function that answers from the states of the top layer."""
    top = found.stages[-1].recurrent
    lines, start = list[str](), 0
    width = found.stages[-1].n_outputs
    joined = source.field("vector0", width)
    for h, direction in zip(states, top.directions, strict=True):
        lines.append(f"lac_copy_f32({joined} + {start}, {h}, {direction.n_units});")
        start += direction.n_units
    more, at, size = write_vectors(list(found.after), width, joined, source)
    lines += [*more, f"lac_copy_f32(y, {at}, {size});"]
    source.function(f"{scope}void {source.prefix}_read({source.prefix}_state *s, float *y)", lines)


def _write_reset(source: Source) -> None:
    kept = {name: size for name, size in source.fields.items() if name.startswith("layer")}
    lines = [f"lac_zero_f32(s->{name}, {size});" for name, size in kept.items()]
    source.function(f"void {source.prefix}_reset({source.prefix}_state *s)", lines)


_PREDICT = "int {0}_predict({0}_state *s, const float *x, size_t steps, float *memory, float *y)"


def _write_streaming(found: Staged, states: list[list[str]], source: Source) -> None:
    """Every layer goes a step whenever one comes."""
    prefix, lines, at = source.prefix, list[str](), "x"
    for i, (h,) in enumerate(states):
        lines.append(f"{prefix}_layer{i}_step(s, {at});")
        at = h
    source.function(f"void {prefix}_step({prefix}_state *s, const float *x)", lines)
    body = [f"    {prefix}_step(s, x + t * {found.stages[0].n_inputs});"]
    lines = ["(void)memory;", *_start(prefix), "for (size_t t = 0; t < steps; ++t)", *body, *_end(prefix)]
    source.function(_PREDICT.format(prefix), lines)


def _write_whole(found: Staged, states: list[list[str]], source: Source) -> None:
    """Each layer reads the whole sequence, in both directions, before the next one."""
    prefix, at, lines = source.prefix, "x", list[str]()
    for i, (stage, reached) in enumerate(zip(found.stages, states, strict=True)):
        top = i == len(states) - 1
        into = "" if top else f"memory{_offset(found, i)}"
        for direction, h, start in _placed(stage, reached):
            short = top and found.last_step and direction.reverse
            lines += _sweep(stage, direction, (f"layer{i}", at, into, h), start, short, prefix)
        at = into
    unused = ["(void)memory;"] if len(states) == 1 else []
    source.function(_PREDICT.format(prefix), [*unused, *_start(prefix), *lines, *_end(prefix)])


def _placed(stage: Stage, states: list[str]) -> Iterator[tuple[Recurrence, str, int]]:
    """Yield each direction, its state and where in the layer's output it stands."""
    start = 0
    for direction, h in zip(stage.recurrent.directions, states, strict=True):
        yield direction, h, start
        start += direction.n_units


def _sweep(
    stage: Stage, direction: Recurrence, names: tuple[str, str, str, str], start: int, short: bool, prefix: str
) -> list[str]:
    """Return a loop over the steps; in reverse from the end, or the last step alone."""
    layer, at, into, h = names
    turn = "steps - 1 - t" if direction.reverse else "t"
    name = f"{prefix}_{layer}{'_reverse' * direction.reverse}_step"
    lines = [f"for (size_t t = 0; t < {'1' if short else 'steps'}; ++t) {{"]
    lines.append(f"    {name}(s, {at} + ({turn}) * {stage.n_inputs});")
    if into:
        place = f"{into} + ({turn}) * {stage.n_outputs} + {start}"
        lines.append(f"    lac_copy_f32({place}, {h}, {direction.n_units});")
    return [*lines, "}"]


def _offset(found: Staged, number: int) -> str:
    before = sum(stage.n_outputs for stage in found.stages[:number])
    return f" + {before} * steps" if before else ""


def memory_width(found: Staged) -> int:
    """Return how many floats a step's outputs between the layers take."""
    return 0 if found.streams else sum(stage.n_outputs for stage in found.stages[:-1])


def _start(prefix: str) -> list[str]:
    return ["if (steps == 0)", "    return -1;", f"{prefix}_reset(s);"]


def _end(prefix: str) -> list[str]:
    return [f"{prefix}_read(s, y);", f"return {prefix}_largest(y);"]
