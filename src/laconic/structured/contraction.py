"""In which order a Kronecker product is applied to a vector, and what that costs."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, permutations
from math import prod

Shapes = tuple[tuple[int, int], ...]
MOST_FACTORS = 7
"""More would make the search over orders slow; the papers use two."""


@dataclass(frozen=True, order=True)
class Contraction:
    """An order of applying the factors, cheapest first when compared.

    Attributes
    ----------
    n_macs : int
        Multiply-adds of one product with a vector.
    scratch : int
        Numbers held between input and output.
    order : tuple of int
        Factors in the order in which they are applied.
    """

    n_macs: int
    scratch: int
    order: tuple[int, ...]


@lru_cache(maxsize=4096)
def best_contraction(shapes: Shapes) -> Contraction:
    """Return the cheapest order for factors of these shapes; equal costs go to the one with less scratch.

    With two factors of shapes (m1, n1) and (m2, n2) the choice is between (A X) Bᵀ at m1·n1·n2 + m1·n2·m2
    multiply-adds and A (X Bᵀ) at n1·n2·m2 + m1·n1·m2.
    """
    return min(_contraction(shapes, order) for order in permutations(range(len(shapes))))


def _contraction(shapes: Shapes, order: tuple[int, ...]) -> Contraction:
    sizes = [columns for _, columns in shapes]
    n_macs, held = 0, []
    for factor in order:
        n_macs += prod(sizes) * shapes[factor][0]
        sizes[factor] = shapes[factor][0]
        held.append(prod(sizes))
    between = [0, *held[:-1], 0]  # the input and the output are the caller's
    scratch = max(first + second for first, second in pairwise(between))
    return Contraction(n_macs, scratch, order)
