"""Every network that keeps the limits: what a search chooses from."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
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
    """

    cell: str
    method: str
    hidden: int
    structure: str
    bytes: int
    parameters: int
    macs: int
    max_rank: int

    @property
    def kind(self) -> tuple[str, str]:
        """Cell and method."""
        return self.cell, self.method

    def to_dict(self) -> dict[str, Any]:
        """Return the option as JSON values."""
        return asdict(self)


Space = dict[tuple[str, str], list[Option]]
"""The options of each cell and method, from the narrowest to the widest."""


def space_of(wish: Wish, n_steps: int, n_features: int, n_classes: int) -> Space:
    """Return every network that keeps the limits.

    Raises
    ------
    ParameterError
        If there is none.
    """
    sizes = n_steps, n_features, n_classes
    kinds = [(cell, method) for cell in wish.cells for method in wish.methods]
    space = {kind: list(_options(wish, *kind, sizes)) for kind in kinds}
    found = {kind: options for kind, options in space.items() if options}
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


def _options(wish: Wish, cell: str, method: str, sizes: tuple[int, int, int]) -> Iterator[Option]:
    for hidden in WIDTHS:
        option = _option(wish, cell, method, hidden, sizes)
        if option and option.bytes <= wish.budget and option.macs <= (wish.max_macs or option.macs):
            yield option


def _option(wish: Wish, cell: str, method: str, hidden: int, sizes: tuple[int, int, int]) -> Option | None:
    """Return the network of so many units; None where it cannot keep the budget, or is another method's."""
    n_steps, n_features, n_classes = sizes
    network = SequenceNetwork(n_features, n_classes, cell, hidden, wish.n_layers, wish.bidirectional)
    budget = None if method == "dense" else wish.budget
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
        bytes=account.bytes_after,
        parameters=account.parameters_after,
        macs=account.sequence_macs(n_steps),
        max_rank=account.max_rank,
    )
