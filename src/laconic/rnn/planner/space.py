"""Every network that keeps the limits: what a search chooses from."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from laconic.core.checks import ParameterError
from laconic.core.units import format_bytes
from laconic.rnn.compression import compress
from laconic.rnn.network import SequenceNetwork
from laconic.rnn.planner.wish import Wish

WIDTHS = (4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256)
"""Units that are tried: numbers of many divisors, which products of full rank can be had for."""


@dataclass(frozen=True)
class Option:
    """One network that keeps the limits.

    Attributes
    ----------
    cell, method : str
    hidden : int
    structure : str
        What its matrices are made of.
    bytes, parameters, macs, max_rank : int
        Of the whole network; multiply-adds for a whole sequence.
    bits : int
        Of each weight and bias.
    """

    cell: str
    method: str
    hidden: int
    structure: str
    bytes: int
    parameters: int
    macs: int
    max_rank: int
    bits: int = 32

    @property
    def kind(self) -> tuple[str, str]:
        """Cell and method, with the number format where it is not floats."""
        return self.cell, self.method + (f", {self.bits} bits" if self.bits != 32 else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the option as JSON values."""
        return asdict(self)


Space = dict[tuple[str, str], list[Option]]
"""The options of each kind, from the narrowest to the widest."""


def space_of(wish: Wish, n_steps: int, n_features: int, n_classes: int) -> Space:
    """Return every network that keeps the limits.

    Raises
    ------
    ParameterError
        If there is none.
    """
    sizes = n_steps, n_features, n_classes
    found: Space = {}
    for cell, method, bits in product(wish.cells, wish.methods, wish.bits):
        for option in _options(wish, cell, method, bits, sizes):
            found.setdefault(option.kind, []).append(option)
    if not found:
        macs = "" if wish.max_macs is None else f" and {wish.max_macs:,} multiply-adds"
        allowed = f"enough for {n_features} features and {n_classes} classes (nothing fits {format_bytes(wish.budget)}"
        raise ParameterError("plan", "budget", f"{allowed}{macs})", wish.budget)
    return found


def as_space(options: Sequence[dict[str, Any]]) -> Space:
    """Return the space of options that a file holds."""
    space: Space = {}
    for option in (Option(**values) for values in options):
        space.setdefault(option.kind, []).append(option)
    return space


def float_bytes(budget: int, bits: int) -> int:
    """Return how many bytes a network takes in floats that takes so many in this number format."""
    return budget * 32 // bits


def _options(wish: Wish, cell: str, method: str, bits: int, sizes: tuple[int, int, int]) -> Iterator[Option]:
    for hidden in WIDTHS:
        option = _option(wish, (cell, method, bits), hidden, sizes)
        if option and option.bytes <= wish.budget and option.macs <= (wish.max_macs or option.macs):
            yield option


def _option(wish: Wish, kind: tuple[str, str, int], hidden: int, sizes: tuple[int, int, int]) -> Option | None:
    """Return the network of so many units; None where it cannot keep the budget, or is another method's."""
    (cell, method, bits), (n_steps, n_features, n_classes) = kind, sizes
    network = SequenceNetwork(n_features, n_classes, cell, hidden, wish.n_layers, wish.bidirectional)
    budget = None if method == "dense" else float_bytes(wish.budget, bits)
    try:
        account = compress(network, method, budget=budget, layers=["rnn"], init="random", random_state=0)
    except ParameterError:
        return None
    if account[0].note.startswith(("no dense row fits", "kept dense")):
        return None
    return Option(
        cell=cell,
        method=method,
        hidden=hidden,
        structure=account[0].structure,
        bytes=account.bytes_after * bits // 32,
        parameters=account.parameters_after,
        macs=account.sequence_macs(n_steps),
        max_rank=account.max_rank,
        bits=bits,
    )
