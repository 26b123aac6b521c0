"""Which factor shapes suit a Kronecker product of a given size."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from laconic.core.checks import ParameterError, check_positive_int
from laconic.core.units import format_bytes, parse_bytes
from laconic.structured.contraction import Shapes, best_contraction


@dataclass(frozen=True)
class ShapeChoice:
    """Factor shapes and what they cost.

    Attributes
    ----------
    shapes : tuple of (int, int)
        Factor shapes (m_i, n_i), outermost first.
    n_parameters, max_rank, n_macs, scratch : int
        As in the `KroneckerMatrix` of these shapes.
    """

    shapes: Shapes
    n_parameters: int
    max_rank: int
    n_macs: int
    scratch: int

    @classmethod
    def of(cls, shapes: Shapes) -> "ShapeChoice":
        """Count the costs of these factor shapes."""
        contraction = best_contraction(shapes)
        n_parameters = sum(m * n for m, n in shapes)
        return cls(shapes, n_parameters, prod(map(min, shapes)), contraction.n_macs, contraction.scratch)

    @property
    def costs(self) -> tuple[int, int, int, int]:
        """Parameters, rank (negated: more is better), multiply-adds and scratch: less is better in each."""
        return self.n_parameters, -self.max_rank, self.n_macs, self.scratch


@dataclass(frozen=True)
class ShapeSuggestions:
    """What `suggest_shapes` found.

    Attributes
    ----------
    shape : (int, int)
        Size of the matrix.
    paper : ShapeChoice
        The choice of the papers' rule.
    pareto : tuple of ShapeChoice
        No other choice is as good in all of parameters, largest rank, multiply-adds and scratch and better in one;
        fewest parameters first.
    best : ShapeChoice
        Within the budget the largest rank, then the fewest multiply-adds, then the fewest parameters; without a
        budget, of the choices no larger than the papers'.
    advice : tuple of str
        Sentences on sizes that factor badly.
    """

    shape: tuple[int, int]
    paper: ShapeChoice
    pareto: tuple[ShapeChoice, ...]
    best: ShapeChoice
    advice: tuple[str, ...]


def suggest_shapes(
    m: int, n: int, *, n_factors: int = 2, budget: str | int | None = None, itemsize: int = 4
) -> ShapeSuggestions:
    """Suggest factor shapes for a Kronecker product of shape (m, n).

    Parameters
    ----------
    m, n : int
        Size of the matrix.
    n_factors : int, default 2
        Number of factors of the Pareto set. (The papers use two: long chains of tiny factors train badly.)
    budget : str or int, optional
        Most bytes for the factors, such as "500B" or "2KB" (1 KB = 1024 B).
    itemsize : int, default 4
        Bytes a number: 4 for float32.

    Returns
    -------
    ShapeSuggestions

    Raises
    ------
    ParameterError
        If a size is not a positive whole number, or nothing fits the budget.

    Examples
    --------
    >>> found = suggest_shapes(40, 68)
    >>> found.paper.shapes, found.paper.n_parameters
    (((5, 17), (8, 4)), 117)
    >>> suggest_shapes(40, 68, budget="640B").best.max_rank
    32
    """
    m, n = check_positive_int("suggest_shapes", "m", m), check_positive_int("suggest_shapes", "n", n)
    choices = candidates(m, n, check_positive_int("suggest_shapes", "n_factors", n_factors))
    paper = ShapeChoice.of(paper_shapes(m, n))
    most = paper.n_parameters
    if budget is not None:
        most = parse_bytes(budget, owner="suggest_shapes", parameter="budget") // itemsize
    best = best_within(m, n, most, n_factors) or _too_small(choices, budget, itemsize)
    return ShapeSuggestions((m, n), paper, pareto(choices), best, _advice(m, n, paper))


def paper_shapes(m: int, n: int) -> Shapes:
    """Return the two factor shapes of the papers' rule.

    Both sizes are factored into primes, the two smallest merged until two numbers remain; the rows' numbers in
    ascending and the columns' in descending order make the factors. It reproduces the layer compression factors
    17.6, 24.5 and 38.4 of arXiv:1906.02876; it does not look at rank, and a prime size leaves it little choice.
    """
    rows, columns = sorted(_merged_primes(m)), sorted(_merged_primes(n), reverse=True)
    return (rows[0], columns[0]), (rows[1], columns[1])


def best_within(m: int, n: int, n_parameters: int, n_factors: int = 2) -> ShapeChoice | None:
    """Return the choice of largest rank, then fewest multiply-adds, within so many parameters; None if none fits."""
    fitting = (choice for choice in candidates(m, n, n_factors) if choice.n_parameters <= n_parameters)
    return min(fitting, key=lambda c: (-c.max_rank, c.n_macs, c.n_parameters, c.shapes), default=None)


@lru_cache(maxsize=256)
def candidates(m: int, n: int, n_factors: int = 2) -> tuple[ShapeChoice, ...]:
    """Return every choice of factor shapes for an (m, n) matrix; the order of two equal-cost factors counts once."""
    found: dict[Shapes, ShapeChoice] = {}
    for rows in _factorisations(m, n_factors):
        for columns in _factorisations(n, n_factors):
            shapes = tuple(sorted(zip(rows, columns, strict=True)))
            if shapes not in found:
                found[shapes] = ShapeChoice.of(shapes)
    return tuple(found.values())


def pareto(choices: tuple[ShapeChoice, ...]) -> tuple[ShapeChoice, ...]:
    """Return the choices that no other one dominates in parameters, rank, multiply-adds and scratch."""
    front: list[ShapeChoice] = []
    for choice in sorted(choices, key=lambda c: (c.costs, c.shapes)):
        if not any(all(a <= b for a, b in zip(kept.costs, choice.costs, strict=True)) for kept in front):
            front.append(choice)
    return tuple(front)


def is_prime(number: int) -> bool:
    """Whether a whole number above one has no divisor but one and itself."""
    return number > 1 and len(_primes(number)) == 1


def _primes(number: int) -> list[int]:
    found, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1
    return [*found, number] if number > 1 else found


def _merged_primes(number: int) -> list[int]:
    parts = [1, 1, *_primes(number)][-max(2, len(_primes(number))) :]
    while len(parts) > 2:
        first, second, *rest = sorted(parts)
        parts = [first * second, *rest]
    return parts


def _factorisations(number: int, count: int) -> Iterator[tuple[int, ...]]:
    """Yield every ordered way to write `number` as a product of `count` numbers."""
    if count == 1:
        yield (number,)
        return
    for first in (d for d in range(1, number + 1) if number % d == 0):
        yield from ((first, *rest) for rest in _factorisations(number // first, count - 1))


def _advice(m: int, n: int, paper: ShapeChoice) -> tuple[str, ...]:
    """Say what padding a prime size by one would bring."""
    sentences = []
    for size, padded in ((m, (m + 1, n)), (n, (m, n + 1))):
        better = best_within(*padded, paper.n_parameters)
        if size > 3 and is_prime(size) and better is not None and better.max_rank > paper.max_rank:
            sentences.append(
                f"{size} is prime: pad it to {size + 1}, where {better.n_parameters} parameters reach rank "
                f"{better.max_rank} ({paper.n_parameters} and rank {paper.max_rank} as it is)"
            )
    return tuple(sentences)


def _too_small(choices: tuple[ShapeChoice, ...], budget: str | int | None, itemsize: int) -> ShapeChoice:
    least = min(choice.n_parameters for choice in choices)
    allowed = f"at least {format_bytes(least * itemsize)}, the smallest product of this size"
    raise ParameterError("suggest_shapes", "budget", allowed, budget)
