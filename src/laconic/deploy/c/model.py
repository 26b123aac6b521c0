"""The functions that a program calls, in any number format: reset, step, read, predict."""

from functools import singledispatch

from laconic.core.checks import ParameterError
from laconic.deploy.c.floats import float_skeleton
from laconic.deploy.c.integers import int_skeleton
from laconic.deploy.c.skeleton import Level, Skeleton, Way
from laconic.deploy.c.source import Source
from laconic.deploy.graph import Graph
from laconic.deploy.integer.graph import IntGraph


def write_model(graph: Graph | IntGraph, owner: str) -> tuple[Source, Skeleton]:
    """Return constants, fields and functions of a graph, all with the prefix `laconic_model`."""
    source = Source("laconic_model")
    found = skeleton(graph, owner, source)
    _write_read(found, source)
    _write_reset(found, source)
    if found.streams:
        _write_streaming(found, source)
    else:
        _write_whole(found, source)
    return source, found


@singledispatch
def skeleton(graph: object, owner: str, source: Source) -> Skeleton:
    """Write the functions for single steps; a new kind of graph registers itself here."""
    raise ParameterError(owner, "graph", "a Graph, as lower gives, or an IntGraph, as quantize does", type(graph))


skeleton.register(Graph, float_skeleton)
skeleton.register(IntGraph, int_skeleton)


def _write_read(found: Skeleton, source: Source) -> None:
    """Add the function that answers from the states of the top layer."""
    lines, start, ways = list[str](), 0, found.levels[-1].ways
    for way in ways if len(ways) > 1 else ():
        lines.append(f"{found.numbers.copy}({found.top} + {start}, {way.h}, {way.n_units});")
        start += way.n_units
    scope = "" if found.streams else "static "
    signature = f"{scope}void {{0}}_read({{0}}_state *s, {found.numbers.answer} *y)"
    source.function(signature.format(source.prefix), [*lines, *found.answer])


def _write_reset(found: Skeleton, source: Source) -> None:
    kept = {name: field.size for name, field in source.fields.items() if name.startswith("layer")}
    lines = [f"{found.numbers.zero}(s->{name}, {size});" for name, size in kept.items()]
    source.function(f"void {source.prefix}_reset({source.prefix}_state *s)", lines)


def _predict(found: Skeleton, source: Source, lines: list[str]) -> None:
    """Add the function that answers a whole sequence."""
    prefix, word, answer = source.prefix, found.numbers.word, found.numbers.answer
    unused = [] if found.memory_width else ["(void)memory;"]
    start = [*unused, "if (steps == 0)", "    return -1;", f"{prefix}_reset(s);"]
    end = [f"{prefix}_read(s, y);", f"return {prefix}_largest(y);"]
    what = f"const {word} *x, size_t steps, {word} *memory, {answer} *y"
    source.function(f"int {prefix}_predict({prefix}_state *s, {what})", [*start, *lines, *end])


def _write_streaming(found: Skeleton, source: Source) -> None:
    """Every layer goes a step whenever one comes."""
    prefix, lines, at = source.prefix, list[str](), "x"
    for level in found.levels:
        (way,) = level.ways
        lines.append(f"{prefix}_{way.name}_step(s, {at});")
        at = way.h
    source.function(f"void {prefix}_step({prefix}_state *s, const {found.numbers.word} *x)", lines)
    body = f"    {prefix}_step(s, x + t * {found.levels[0].n_inputs});"
    _predict(found, source, ["for (size_t t = 0; t < steps; ++t)", body])


def _write_whole(found: Skeleton, source: Source) -> None:
    """Each layer reads the whole sequence, in both directions, before the next one."""
    at, lines = "x", list[str]()
    for i, level in enumerate(found.levels):
        top, start = i == len(found.levels) - 1, 0
        into = "" if top else f"memory{_offset(found, i)}"
        for way in level.ways:
            steps = "1" if top and found.last_step and way.reverse else "steps"
            place = f"{into} + ({{turn}}) * {level.n_outputs} + {start}" if into else ""
            lines += _sweep(level, way, at, place, steps, found.numbers.copy, source.prefix)
            start += way.n_units
        at = into
    _predict(found, source, lines)


def _sweep(level: Level, way: Way, at: str, place: str, steps: str, copy: str, prefix: str) -> list[str]:
    """Return a loop over the steps, in reverse from the end; `place` is where the output of a turn is kept."""
    turn = "steps - 1 - t" if way.reverse else "t"
    lines = [f"    {prefix}_{way.name}_step(s, {at} + ({turn}) * {level.n_inputs});"]
    if place:
        lines.append(f"    {copy}({place.format(turn=turn)}, {way.h}, {way.n_units});")
    return [f"for (size_t t = 0; t < {steps}; ++t) {{", *lines, "}"]


def _offset(found: Skeleton, number: int) -> str:
    before = sum(level.n_outputs for level in found.levels[:number])
    return f" + {before} * steps" if before else ""
