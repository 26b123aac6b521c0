"""A graph in whole numbers: functions for the steps of its layers, and what answers."""

from laconic.core.rounding import DRIVEN_BITS
from laconic.deploy.c.int_operations import biased, converted
from laconic.deploy.c.operations import LAYER, Places, calls
from laconic.deploy.c.skeleton import Level, Numbers, Skeleton, Way
from laconic.deploy.c.source import Source, literal
from laconic.deploy.cells import CELLS
from laconic.deploy.contract import SCRATCH
from laconic.deploy.integer.graph import IntGraph, IntLinear
from laconic.deploy.integer.records import IntRecurrence
from laconic.deploy.program import DRIVEN, INPUT, JOINED, PADDED

WORD, SUM = "int16_t", "int32_t"
_KINDS = {DRIVEN: SUM, SCRATCH: WORD, PADDED: WORD}
INPUTS = "input"
"""Whose constants rescale what comes in."""


def int_skeleton(graph: IntGraph, owner: str, source: Source) -> Skeleton:
    """Write the functions for single steps; return what joins them."""
    levels = [_level(layer, i, source) for i, layer in enumerate(graph.layers)]
    _write_words(graph, source)
    top = levels[-1].joined(source, WORD)
    answer = _answer(graph, top, levels[-1].n_outputs, source)
    return Skeleton(_numbers(graph), tuple(levels), graph.last_step, top, tuple(answer))


def _numbers(graph: IntGraph) -> Numbers:
    return Numbers(
        word=WORD,
        answer=SUM,
        copy="lac_copy_i16",
        zero="lac_zero_i16",
        includes=tuple(f"laconic_{name}.h" for name in _INCLUDES),
        about=(
            f"Words that come in are features (rescaled: laconic_model_words) times 2^{graph.input_bits}.",
            f"Answers are times 2^{DRIVEN_BITS}.",
        ),
        fraction_bits={"WORD_BITS": graph.input_bits, "ANSWER_BITS": DRIVEN_BITS},
        bytes_of_word=2,
    )


_INCLUDES = (
    "config", "int_table", "int_math", "int_mve", "int_arrays", "int_target", "int_tile_dsp", "int_products_mve",
    "int_kernels", "int_cells",
)  # fmt: skip
"""The last one includes the others."""


def _level(layer: tuple[IntRecurrence, ...], number: int, source: Source) -> Level:
    ways = [_way(direction, f"layer{number}", source) for direction in layer]
    return Level(tuple(ways), layer[0].n_inputs)


def _way(recurrence: IntRecurrence, layer: str, source: Source) -> Way:
    """Write a function for one step: sums begin with the bias, products are added, the cell makes the state."""
    name, n, units = layer + "_reverse" * recurrence.reverse, recurrence.n_inputs, recurrence.n_units
    places = _places(recurrence, name, layer, source)
    back = f"{places[JOINED]} + {n}"
    shift = recurrence.state_bits - recurrence.joined_bits
    h = source.field(f"{name}_h", units, WORD) if shift else back
    lines = biased(places[DRIVEN], recurrence.bias, layer, source)
    lines += [line for step in recurrence.steps for line in calls(step, source, places)]
    if recurrence.gap is not None:
        lines += biased(f"{places[DRIVEN]} + {units}", recurrence.gap, layer, source)
    lines.append(f"lac_{recurrence.cell}_i16({', '.join(_arguments(recurrence, name, h, source))});")
    lines += [converted(back, h, shift, units)] if shift else []
    source.function(f"static void {source.prefix}_{name}_step({source.prefix}_state *s, const {WORD} *x)", lines)
    return Way(name, h, units, recurrence.reverse)


def _places(recurrence: IntRecurrence, name: str, layer: str, source: Source) -> dict[str, str]:
    sizes = dict(recurrence.sizes)
    sizes[DRIVEN] = max(sizes[DRIVEN], CELLS[recurrence.cell].n_biases * recurrence.n_units)  # a cell may need some
    found = {LAYER: layer, INPUT: "x", JOINED: source.field(f"{name}_xh", sizes[JOINED], WORD)}
    shared = {buffer: kind for buffer, kind in _KINDS.items() if sizes[buffer]}
    return found | {buffer: source.field(buffer, sizes[buffer], kind) for buffer, kind in shared.items()}


def _arguments(recurrence: IntRecurrence, name: str, h: str, source: Source) -> list[str]:
    """Return what a cell's function takes: what drives it, states, units, the state's fraction bits, scalars."""
    rule, units = CELLS[recurrence.cell], recurrence.n_units
    states = [source.field(f"{name}_state{i}", units, WORD) for i in range(1, rule.n_states)]
    scalars = [str(recurrence.scalars[scalar]) for scalar in rule.scalars]
    return [f"s->{DRIVEN}", h, *states, str(units), str(recurrence.state_bits), *scalars]


def _write_words(graph: IntGraph, source: Source) -> None:
    """Add the function that makes words of floats; without constants where the input is not rescaled."""
    scale, name, more = literal(2.0 ** (graph.input_bits + 1)), "lac_words_f32", ""
    if graph.mean.any() or (graph.factor != 1).any():
        names = [source.constant(INPUTS, role, getattr(graph, role)) for role in ("mean", "factor")]
        name, more = "lac_rescaled_words_f32", f"{', '.join(names)}, "
    lines = [f"{name}(words, x, {more}{scale}, {graph.n_features});"]
    source.function(f"void {source.prefix}_words(const float *x, {WORD} *words)", lines)


def _answer(graph: IntGraph, top: str, width: int, source: Source) -> list[str]:
    """Return the statements that make the answer of the words that are picked."""
    if not graph.head:
        shift = graph.layers[-1][0].state_bits - DRIVEN_BITS
        name, amount = ("lac_lower_i16", shift) if shift > 0 else ("lac_widen_i16", 1 << -shift)
        return [f"{name}(y, {top}, {amount}, {width});"]
    lines, at, sums = list[str](), top, ""
    for i, linear in enumerate(graph.head):
        if sums:
            at = source.field(f"vector{i % 2}", width, WORD)
            lines.append(_narrowed(at, sums, DRIVEN_BITS - linear.bits, width))
        width = linear.bias.values.size
        sums = "y" if i == len(graph.head) - 1 else source.field("sums", width, SUM)
        lines += _linear(linear, {LAYER: f"linear{i}", "at": at, "into": sums}, width, source)
    return lines


def _narrowed(target: str, origin: str, shift: int, size: int) -> str:
    if shift >= 0:
        return f"lac_narrow_i32({target}, {origin}, {shift}, {size});"
    return f"lac_amplify_i32({target}, {origin}, {1 << -shift}, {size});"


def _linear(linear: IntLinear, places: Places, size: int, source: Source) -> list[str]:
    if linear.scratch:
        places = {**places, SCRATCH: source.field(SCRATCH, linear.scratch, WORD)}
    lines = biased(places["into"], linear.bias, places[LAYER], source)
    lines += [line for step in linear.steps for line in calls(step, source, places)]
    return [*lines, f"lac_relu_i32({places['into']}, {size});"] if linear.relu else lines
