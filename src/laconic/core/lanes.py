"""Sums of products of rows whose entries are eight numbers side by side, in the registers of the processor.

A compiler does not see by itself that eight problems can be solved at once, since it cannot know that what is written
is not read next. These are the few loops that everything else is made of. They add in the order in which sums are
written and never fuse a product with a sum: each lane has the bits that one problem alone would have.

A row's entry k is `array[..., k, :]`; `at` counts entries, not numbers, from the beginning of the array.
"""

from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
"""Numbers side by side: a register of AVX-512; elsewhere they are shared out to several."""

ROWS = 4
"""Rows that are multiplied with another one at once: enough sums on the way to hide how long each takes."""

_LANES = ir.VectorType(ir.DoubleType(), LANES)
_WHOLE = ir.IntType(64)


def _products(rows: int, sign: int, scaled: bool) -> Any:
    """Return an operation: out = (out + sign * sum_k a_k b_k) * factor, for so many rows of `out` and `a` and one of b.

    It takes `out`, the place of its entry and the step to that of the next row; `a`, the place of its first entry and
    the step; `b` and the place of its first entry; the length of the sum; and the place of the factor in b.
    """

    @intrinsic
    def operation(
        typing: Any, out: Any, o: Any, o_step: Any, a: Any, i: Any, a_step: Any, b: Any, j: Any, n: Any, factor: Any
    ) -> Any:
        whole = types.intp
        return types.void(out, whole, whole, a, whole, whole, b, whole, whole, whole), generate

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        o, o_step, i, a_step, j, n, factor = (args[k] for k in (1, 2, 4, 5, 7, 8, 9))
        to, left, right = (_pointer(context, builder, signature.args[k], args[k]) for k in (0, 3, 6))
        places, starts = _steps(builder, o, o_step, rows), _steps(builder, i, a_step, rows)
        totals = [_room(builder) for _ in range(rows)]
        for total, place in zip(totals, places, strict=True):
            builder.store(_load(builder, to, place), total)
        add = builder.fsub if sign < 0 else builder.fadd
        with cgutils.for_range(builder, n) as loop:
            one = _load(builder, right, builder.add(j, loop.index))
            for total, start in zip(totals, starts, strict=True):
                product = builder.fmul(_load(builder, left, builder.add(start, loop.index)), one)
                builder.store(add(builder.load(total), product), total)
        for total, place in zip(totals, places, strict=True):
            value = builder.load(total)
            if scaled:
                value = builder.fmul(value, _load(builder, right, factor))
            builder.store(value, builder.gep(to, [place])).align = 8
        return context.get_dummy_value()

    return operation


def _pointer(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return builder.bitcast(context.make_array(kind)(context, builder, value).data, _LANES.as_pointer())


def _room(builder: Any) -> Any:
    return cast(Any, cgutils).alloca_once(builder, _LANES)


def _load(builder: Any, pointer: Any, place: Any) -> Any:
    found = builder.load(builder.gep(pointer, [place]))
    found.align = 8  # of one number: arrays need not begin where registers would like them to
    return found


def _steps(builder: Any, first: Any, step: Any, rows: int) -> list[Any]:
    return [builder.add(first, builder.mul(step, ir.Constant(_WHOLE, row))) for row in range(rows)]


add_products, add_products_four = _products(1, 1, False), _products(ROWS, 1, False)
take_products = _products(1, -1, False)
solve, solve_four = _products(1, -1, True), _products(ROWS, -1, True)
