"""Each operation of a program as a call of a kernel."""

from collections.abc import Mapping
from functools import singledispatch

from laconic.deploy.c.source import Source
from laconic.deploy.contract import Product, Span, SparseProduct
from laconic.deploy.program import Copy, Zero

Places = Mapping[str, str]
"""The C expression for each buffer, and under "layer" whose constants these are."""

LAYER = "layer"


@singledispatch
def calls(step: object, source: Source, places: Places) -> list[str]:
    """Return the statements of an operation; a new operation registers itself here."""
    raise TypeError(f"no C for {type(step).__name__}")


@calls.register
def _copy(step: Copy, source: Source, places: Places) -> list[str]:
    return [f"lac_copy_f32({_at(step.target, places)}, {_at(step.source, places)}, {step.target.size});"]


@calls.register
def _zero(step: Zero, source: Source, places: Places) -> list[str]:
    return [f"lac_zero_f32({_at(step.target, places)}, {step.target.size});"]


@calls.register
def _product(step: Product, source: Source, places: Places) -> list[str]:
    """Multiply from the right by the transposed weight where rows are vectors of it, else from the left, one by one."""
    m, n = step.weight.shape
    to, of = _at(step.target, places), _at(step.source, places)
    if step.after == 1:
        weight = source.constant(places[LAYER], "w", step.weight.T)
        product = source.matmul(step.before, n, m, step.adds)
        return [f"{product}({to}, {of}, {weight});"]
    weight, product = source.constant(places[LAYER], "w", step.weight), source.matmul(m, n, step.after, step.adds)
    return [
        f"{product}({_plus(to, b * m * step.after)}, {weight}, {_plus(of, b * n * step.after)});"
        for b in range(step.before)
    ]


@calls.register
def _sparse(step: SparseProduct, source: Source, places: Places) -> list[str]:
    values = source.constant(places[LAYER], "values", step.values)
    columns = source.constant(places[LAYER], "columns", step.columns)
    counts = source.constant(places[LAYER], "counts", step.counts)
    where = f"{_at(step.target, places)}, {values}, {columns}, {counts}, {_at(step.source, places)}"
    return [f"lac_sparse_f32({where}, {len(step.counts)});"]


def _at(span: Span, places: Places) -> str:
    return _plus(places[span.buffer], span.start)


def _plus(base: str, start: int) -> str:
    return f"{base} + {start}" if start else base
