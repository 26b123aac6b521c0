"""Each operation in whole numbers as a call of a kernel; `calls` knows them too."""

from laconic.deploy.c.operations import LAYER, Places, calls, plus, span_at
from laconic.deploy.c.source import Source
from laconic.deploy.integer.records import IntBias, IntCopy, IntProduct, IntSparse, IntZero


def biased(target: str, bias: IntBias, layer: str, source: Source) -> list[str]:
    """Return the statements that let sums begin with a bias, each block shifted to the left."""
    size, kind = bias.values.shape[1], bias.values.dtype.name.removeprefix("int")
    name = source.constant(layer, "bias", bias.values)
    return [
        f"lac_widen_i{kind}({plus(target, i * size)}, {plus(name, i * size)}, {1 << shift}, {size});"
        for i, shift in enumerate(bias.shifts)
    ]


def converted(target: str, origin: str, shift: int, size: int) -> str:
    """Return the statement that shifts words by so many bits to the right."""
    if shift == 0:
        return f"lac_copy_i16({target}, {origin}, {size});"
    if shift > 0:
        return f"lac_rescale_i16({target}, {origin}, {shift}, {size});"
    return f"lac_enlarge_i16({target}, {origin}, {1 << -shift}, {size});"


@calls.register
def _copy(step: IntCopy, source: Source, places: Places) -> list[str]:
    return [converted(span_at(step.target, places), span_at(step.source, places), step.shift, step.target.size)]


@calls.register
def _zero(step: IntZero, source: Source, places: Places) -> list[str]:
    return [f"lac_zero_i16({span_at(step.target, places)}, {step.target.size});"]


@calls.register
def _product(step: IntProduct, source: Source, places: Places) -> list[str]:
    sizes = (*step.weight.shape, step.before, step.after)
    macro, more = ("ADDED", f", {_added(step)}") if step.multiplier else ("KEPT", "")
    weight = source.constant(places[LAYER], "w", step.weight.T)
    where = f"{span_at(step.target, places)}, {weight}, {span_at(step.source, places)}"
    return [f"{source.kernel(f'LACONIC_PRODUCT_{macro}', *sizes)}({where}, {step.shift}{more});"]


@calls.register
def _sparse(step: IntSparse, source: Source, places: Places) -> list[str]:
    parts = {"values": step.values, "columns": step.columns, "counts": step.counts}
    names = [source.constant(places[LAYER], role, numbers) for role, numbers in parts.items()]
    target = f"(lac_target){{1, 0, {span_at(step.target, places)}, {step.shift}, {_added(step)}}}"
    return [f"lac_sparse_i8({target}, {', '.join(names)}, {span_at(step.source, places)}, {len(step.counts)});"]


def _added(step: IntProduct | IntSparse) -> str:
    """Return multiplier and scale; a scale below 0 goes into the multiplier."""
    return f"{step.multiplier << max(0, -step.scale)}, {max(0, step.scale)}"
