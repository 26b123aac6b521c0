"""What is asked of a planner, as a record that a file can hold."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from laconic.core.checks import ParameterError, check_choice, check_interval, check_positive_int
from laconic.rnn.methods import METHODS
from laconic.rnn.network import CELLS
from laconic.rnn.training.augmentation import AUGMENTATIONS
from laconic.rnn.training.optimizers import OPTIMIZERS

HONEST = ("kronecker", "hybrid", "sum", "hmd", "lowrank", "dense")
"""Methods whose bytes say all that has to be stored: where the entries of a pruned matrix stand is not counted."""

FORMATS = (32, 8)
"""Bits of a number: floats, or bytes with words between them, as `laconic.deploy.quantize` makes them."""

_OWNER = "plan"
_SEEDS = 2**32
_LENGTH = ("n_trials", "minutes", "n_finalists")
_CHOICES = ("cells", "methods", "bits")


@dataclass(frozen=True)
class Wish:
    """Limits of a network, and how it is searched for.

    Attributes
    ----------
    budget : int
        Most bytes of the whole network.
    max_macs : int or None
        Most multiply-adds for a whole sequence.
    cells, methods : tuple of str
        Recurrent layers and methods of compression to choose among; "dense" is a plain, narrow network.
    bits : tuple of {32, 8}
        Number formats to choose among. A network of 8 bits has a byte for each weight and bias, so that four times as
        many keep the budget; it is trained and judged with these rounded (`RNNClassifier(quantization=...)`).
    n_layers : int
    bidirectional : bool
    epochs : int
        Of a training that is not given up.
    final_epochs : int or None
        Of finalists and of the network that is recommended; None is twice as many.
    n_trials : int
        Trainings begun, over all workers; fewer where `minutes` are up before.
    minutes : float or None
    n_finalists : int
        Networks that are trained anew, with other seeds, before one is chosen.
    validation_fraction : float
        Share of the training sequences that networks are judged on.
    batch_size, optimizer, weight_decay, augment
        As in `RNNClassifier`.
    seed : int
    """

    budget: int
    max_macs: int | None = None
    cells: tuple[str, ...] = tuple(cell for cell in CELLS if cell != "rnn")
    methods: tuple[str, ...] = HONEST
    bits: tuple[int, ...] = (32,)
    n_layers: int = 1
    bidirectional: bool = False
    epochs: int = 40
    final_epochs: int | None = None
    n_trials: int = 100
    minutes: float | None = None
    n_finalists: int = 4
    validation_fraction: float = 0.2
    batch_size: int = 64
    optimizer: str = "full-adam"
    weight_decay: float = 0.0
    augment: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("budget", "n_layers", "epochs", "n_trials", "n_finalists", "batch_size"):
            check_positive_int(_OWNER, name, getattr(self, name))
        for name in ("max_macs", "final_epochs"):
            if getattr(self, name) is not None:
                check_positive_int(_OWNER, name, getattr(self, name))
        if self.minutes is not None:
            check_interval(_OWNER, "minutes", self.minutes, 0, float("inf"), closed="neither")
        check_interval(_OWNER, "validation_fraction", self.validation_fraction, 0, 1, closed="neither")
        check_interval(_OWNER, "weight_decay", self.weight_decay, 0, float("inf"), closed="left")
        check_choice(_OWNER, "optimizer", self.optimizer, OPTIMIZERS)
        check_choice(_OWNER, "augment", self.augment, (None, *AUGMENTATIONS))
        _check_names("cells", self.cells, tuple(CELLS))
        _check_names("methods", self.methods, tuple(name for name in METHODS if name != "small"))
        _check_names("bits", self.bits, FORMATS)
        if not 0 <= self.seed < _SEEDS:
            raise ParameterError(_OWNER, "seed", "a whole number from 0 to 2**32 - 1", self.seed)

    @property
    def n_final_epochs(self) -> int:
        """Epochs of a finalist."""
        return self.final_epochs or 2 * self.epochs

    def another_seed(self, i: int) -> int:
        """Return the seed that comes `i` after this one; after the largest comes 0."""
        return (self.seed + i) % _SEEDS

    def identity(self) -> dict[str, Any]:
        """Return, as JSON values, what two wishes must share to go on with the same search: all but its length."""
        return {name: value for name, value in self.to_dict().items() if name not in _LENGTH}

    def to_dict(self) -> dict[str, Any]:
        """Return the wish as JSON values."""
        return asdict(self) | {name: list(getattr(self, name)) for name in _CHOICES}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Undo `to_dict`."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        return cls(**known | {name: tuple(known[name]) for name in _CHOICES if name in known})


def _check_names(parameter: str, given: Sequence[object], allowed: Sequence[object]) -> None:
    if not given or any(name not in allowed for name in given):
        raise ParameterError(_OWNER, parameter, f"one or more of {', '.join(map(repr, allowed))}", given)
