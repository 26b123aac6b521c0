"""A function in C for one step of a recurrence."""

from laconic.deploy.c.operations import LAYER, calls
from laconic.deploy.c.source import Source, literal
from laconic.deploy.contract import SCRATCH, Product, SparseProduct, scratch_size
from laconic.deploy.program import DRIVEN, INPUT, JOINED, PADDED, step_program
from laconic.deploy.recurrence import Recurrence

WORK = ("driven", "scratch", "padded")
"""Fields that all steps share: nothing in them outlives a step."""


def write_step(recurrence: Recurrence, name: str, layer: str, source: Source) -> str:
    """Add a function that takes one step's input and changes the state; return the expression for the state h."""
    program = step_program(recurrence)
    operations = [step for step in program.steps if isinstance(step, (Product, SparseProduct))]
    places = {LAYER: layer, INPUT: "x", JOINED: source.field(f"{name}_xh", program.joined)}
    room = max(program.driven, recurrence.rule.n_biases * recurrence.n_units)  # a cell may need some for itself
    shared = {DRIVEN: room, SCRATCH: scratch_size(operations), PADDED: program.padded}
    places |= {buffer: source.field(buffer, size) for buffer, size in shared.items() if size}
    h = f"{places[JOINED]} + {recurrence.n_inputs}"
    lines = [f"lac_copy_f32({places[DRIVEN]}, {_bias(recurrence, layer, source)}, {program.driven});"]
    lines += [line for step in program.steps for line in calls(step, source, places)]
    lines.append(f"lac_{recurrence.cell}_f32({', '.join(_arguments(recurrence, name, layer, h, source))});")
    source.function(f"static void {source.prefix}_{name}({source.prefix}_state *s, const float *x)", lines)
    return h


def _bias(recurrence: Recurrence, layer: str, source: Source) -> str:
    rule = recurrence.rule
    return source.constant(layer, "bias", recurrence.bias[: rule.n_gates + rule.n_apart])


def _arguments(recurrence: Recurrence, name: str, layer: str, h: str, source: Source) -> list[str]:
    """Return what a cell's function takes: what drives it, states, units, further biases less the first, scalars."""
    rule, units = recurrence.rule, recurrence.n_units
    states = [source.field(f"{name}_state{i}", units) for i in range(1, rule.n_states)]
    further = recurrence.bias[rule.n_gates + rule.n_apart :]
    gaps = [source.constant(layer, "gap", bias - recurrence.bias[0]) for bias in further]
    scalars = [_scalar(scalar, recurrence.scalars[scalar]) for scalar in rule.scalars]
    return ["s->driven", h, *states, str(units), *gaps, *scalars]


def _scalar(name: str, value: float) -> str:
    return str(int(value)) if name == "relu" else literal(value)
