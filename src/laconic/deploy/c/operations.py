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
    return [f"lac_copy_f32({span_at(step.target, places)}, {span_at(step.source, places)}, {step.target.size});"]


@calls.register
def _zero(step: Zero, source: Source, places: Places) -> list[str]:
    return [f"lac_zero_f32({span_at(step.target, places)}, {step.target.size});"]


@calls.register
def _product(step: Product, source: Source, places: Places) -> list[str]:
    """Multiply from the right by the transposed weight where rows are vectors of it, else from the left, one by one."""
    m, n = step.weight.shape
    to, of = span_at(step.target, places), span_at(step.source, places)
    if step.after == 1:
        weight = source.constant(places[LAYER], "w", step.weight.T)
        product = source.kernel("LACONIC_MATMUL", step.before, n, m, int(step.adds))
        return [f"{product}({to}, {of}, {weight});"]
    weight = source.constant(places[LAYER], "w", step.weight)
    product = source.kernel("LACONIC_MATMUL", m, n, step.after, int(step.adds))
    return [
        f"{product}({plus(to, b * m * step.after)}, {weight}, {plus(of, b * n * step.after)});"
        for b in range(step.before)
    ]


@calls.register
def _sparse(step: SparseProduct, source: Source, places: Places) -> list[str]:
    values = source.constant(places[LAYER], "values", step.values)
    columns = source.constant(places[LAYER], "columns", step.columns)
    counts = source.constant(places[LAYER], "counts", step.counts)
    where = f"{span_at(step.target, places)}, {values}, {columns}, {counts}, {span_at(step.source, places)}"
    return [f"lac_sparse_f32({where}, {len(step.counts)});"]


def span_at(span: Span, places: Places) -> str:
    """Return the expression for where a span begins."""
    return plus(places[span.buffer], span.start)


def plus(base: str, start: int) -> str:
    """Return the expression for so many numbers further on."""
    return f"{base} + {start}" if start else base
