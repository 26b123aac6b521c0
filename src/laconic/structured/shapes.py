"""Which factor shapes suit a Kronecker product of a given size."""

from dataclasses import dataclass
from functools import lru_cache
from math import isqrt, prod

from laconic.core.checks import ParameterError, check_positive_int
from laconic.core.units import parse_bytes
from laconic.structured.contraction import MOST_FACTORS, Shapes, best_contraction


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
        fewest parameters first. Of choices that are equal in all four only one is kept.
    best : ShapeChoice
        Within the budget the largest rank, then the fewest multiply-adds, then the fewest parameters; without a
        budget, of the choices no larger than the papers' (or the smallest choice, if all are larger).
    advice : tuple of str
        A sentence if a size is prime: what padding it by one would bring. Else empty.
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
        Number of factors of the Pareto set, 1 to 7. (The papers use two;
        with four and more the search takes long for sizes of many divisors.)
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
    if check_positive_int("suggest_shapes", "n_factors", n_factors) > MOST_FACTORS:
        raise ParameterError("suggest_shapes", "n_factors", f"between 1 and {MOST_FACTORS}", n_factors)
    paper = ShapeChoice.of(paper_shapes(m, n))
    least = min(choice.n_parameters for choice in candidates(m, n, n_factors))
    most = max(paper.n_parameters, least) if budget is None else _affordable(budget, itemsize, least)
    best = best_within(m, n, most, n_factors)
    assert best is not None  # the smallest choice fits
    return ShapeSuggestions((m, n), paper, pareto(candidates(m, n, n_factors)), best, _advice(m, n, paper))


def paper_shapes(m: int, n: int) -> Shapes:
    """Return the two factor shapes of the papers' rule.

    Both sizes are factored into primes, the two smallest merged until two numbers remain; the rows' numbers in
    ascending and the columns' in descending order make the factors. That it gives the layer compression factors 17.6,
    24.5 and 38.4 for the networks of arXiv:1906.02876 is what supports it here. It does not look at rank, and a prime
    size leaves it little choice.
    """
    rows, columns = sorted(_merged_primes(m)), sorted(_merged_primes(n), reverse=True)
    return (rows[0], columns[0]), (rows[1], columns[1])


def best_within(m: int, n: int, n_parameters: int, n_factors: int = 2) -> ShapeChoice | None:
    """Return the choice of largest rank, then fewest multiply-adds, within so many parameters; None if none fits."""
    fitting = _within(m, n, n_parameters, n_factors)
    return min(fitting, key=lambda c: (-c.max_rank, c.n_macs, c.n_parameters, c.shapes), default=None)


def fullest_within(m: int, n: int, n_parameters: int) -> ShapeChoice | None:
    """Return the choice of largest rank, then most parameters, within so many: what a network learns best with."""
    fitting = _within(m, n, n_parameters, 2)
    return min(fitting, key=lambda c: (-c.max_rank, -c.n_parameters, c.n_macs, c.shapes), default=None)


def _within(m: int, n: int, n_parameters: int, n_factors: int) -> list[ShapeChoice]:
    return [choice for choice in candidates(m, n, n_factors) if choice.n_parameters <= n_parameters]


@lru_cache(maxsize=256)
def candidates(m: int, n: int, n_factors: int = 2) -> tuple[ShapeChoice, ...]:
    """Return every choice of factor shapes for an (m, n) matrix; the order of two equal-cost factors counts once."""
    found: dict[Shapes, ShapeChoice] = {}
    wide = _factorisations(n, n_factors)
    for rows in _factorisations(m, n_factors):
        for columns in wide:
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


def _factorisations(number: int, count: int) -> list[tuple[int, ...]]:
    """Return every ordered way to write `number` as a product of `count` numbers."""
    if count == 1:
        return [(number,)]
    return [(first, *rest) for first in _divisors(number) for rest in _factorisations(number // first, count - 1)]


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)})


def _advice(m: int, n: int, paper: ShapeChoice) -> tuple[str, ...]:
    """Say what padding prime sizes by one would bring: for the papers' parameters, or half as many again."""
    padded = {size: size + 1 for size in (m, n) if size > 3 and is_prime(size)}
    within = (best_within(padded.get(m, m), padded.get(n, n), paper.n_parameters * k // 2) for k in (2, 3))
    better = next((choice for choice in within if choice and choice.max_rank > paper.max_rank), None)
    if not padded or better is None:
        return ()
    return (
        f"{' and '.join(map(str, padded))} {'is' if len(padded) == 1 else 'are'} prime: "
        f"pad to {' and '.join(map(str, padded.values()))}, where {better.n_parameters} parameters reach "
        f"rank {better.max_rank} ({paper.n_parameters} and rank {paper.max_rank} as it is)",
    )


def _affordable(budget: str | int, itemsize: int, least: int) -> int:
    """Return how many numbers the budget pays for, or raise if fewer than `least`."""
    itemsize = check_positive_int("suggest_shapes", "itemsize", itemsize)
    most = parse_bytes(budget, owner="suggest_shapes", parameter="budget") // itemsize
    if most < least:
        allowed = f"at least {least * itemsize} bytes, the smallest product of this size"
        raise ParameterError("suggest_shapes", "budget", allowed, budget)
    return most
