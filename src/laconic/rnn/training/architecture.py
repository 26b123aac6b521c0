"""The network that a classifier is fitted with, as a record from which it is built."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import torch

from laconic.core.checks import DataError
from laconic.rnn.account import Account
from laconic.rnn.compression import compress
from laconic.rnn.network import SequenceNetwork, set_forget_bias
from laconic.rnn.training.seeds import derive_seed, own_random_state, seed_torch

_MOST_LAYERS, _MOST_WEIGHTS = 256, 2**28


@dataclass(frozen=True)
class Architecture:
    """Sizes of a `SequenceNetwork`.

    Attributes
    ----------
    n_features, n_classes : int
    cell, hidden_size, n_layers, bidirectional
        As `SequenceNetwork` takes them.
    """

    n_features: int
    n_classes: int
    cell: str
    hidden_size: int
    n_layers: int
    bidirectional: bool

    def build(self) -> SequenceNetwork:
        """Return the network; torch's random state decides its weights."""
        return SequenceNetwork(**asdict(self))

    def check(self) -> None:
        """Raise `DataError` if the network would be larger than any that a file is believed to be of."""
        if not 1 <= self.n_layers <= _MOST_LAYERS:
            raise DataError(f"{self.n_layers} layers, at most {_MOST_LAYERS}")
        with torch.device("meta"):  # which has sizes and no memory
            n_weights = sum(weight.numel() for weight in self.build().parameters())
        if n_weights > _MOST_WEIGHTS:
            raise DataError(f"{n_weights} weights, at most {_MOST_WEIGHTS}")

    @classmethod
    def settings(cls) -> list[str]:
        """Names of the fields that do not come from the data."""
        return [field.name for field in fields(cls) if field.name not in ("n_features", "n_classes")]


@dataclass(frozen=True)
class Compression:
    """How a network is compressed before it is trained.

    Attributes
    ----------
    method : str or None
        None leaves it as it is.
    budget, shapes, layers, layout, init
        As `compress` takes them.
    """

    method: str | None
    budget: str | int | None
    shapes: Any
    layers: Any
    layout: str
    init: str

    def apply(self, network: SequenceNetwork, seed: int) -> Account | None:
        """Compress a network in place; return the account."""
        settings = asdict(self)
        method = settings.pop("method")
        return compress(network, method, random_state=seed, **settings) if method else None

    def is_as(self, other: "Compression") -> bool:
        """Tell whether another one gives the same structures, wherever they start."""
        return replace(other, init=self.init) == self

    @classmethod
    def settings(cls) -> list[str]:
        """Names of the fields."""
        return [field.name for field in fields(cls)]


def start_network(
    architecture: Architecture,
    compression: Compression,
    forget_bias: float | None,
    seed: int,
    started: SequenceNetwork | None = None,
) -> tuple[SequenceNetwork, Account | None]:
    """Return a network to train, compressed, and the account: functions of `seed`, or of a dense one to start from."""
    network = started or _fresh(architecture, forget_bias, seed)
    return network, compression.apply(network, derive_seed(seed, "compression"))


def _fresh(architecture: Architecture, forget_bias: float | None, seed: int) -> SequenceNetwork:
    cpu = torch.device("cpu")
    with own_random_state(cpu):
        seed_torch(derive_seed(seed, "weights"), cpu)
        network = architecture.build()
    if forget_bias is not None:
        set_forget_bias(network, forget_bias)
    return network
