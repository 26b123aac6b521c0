"""What a model's C consists of in any number format: levels of recurrences that take steps, and what answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from laconic.deploy.c.source import Source


@dataclass(frozen=True)
class Numbers:
    """The number format of a model in C.

    Attributes
    ----------
    word, answer : str
        Types of what comes in and lies between the layers, and of an answer.
    copy, zero : str
        Functions that copy and clear words.
    includes : tuple of str
        Files of the runtime that the model needs.
    about : tuple of str
        Lines for the header: what numbers mean.
    fraction_bits : mapping of str to int
        Of words that come in and of answers, by the name of the constant in the header; empty for floats.
    bytes_of_word : int
    """

    word: str
    answer: str
    copy: str
    zero: str
    includes: tuple[str, ...]
    about: tuple[str, ...]
    fraction_bits: Mapping[str, int]
    bytes_of_word: int


@dataclass(frozen=True)
class Way:
    """One direction of a recurrent layer: a function takes a step.

    Attributes
    ----------
    name : str
        Of the function ``<prefix>_<name>_step(s, x)``.
    h : str
        Expression for the state that is its output.
    n_units : int
    reverse : bool
    """

    name: str
    h: str
    n_units: int
    reverse: bool


@dataclass(frozen=True)
class Level:
    """A recurrent layer with what stands ahead of it: its directions, and the width of what comes in."""

    ways: tuple[Way, ...]
    n_inputs: int

    @property
    def n_outputs(self) -> int:
        """Units of all directions."""
        return sum(way.n_units for way in self.ways)

    def joined(self, source: Source, kind: str) -> str:
        """Return the expression for what all directions give, side by side: a field, or the only one's state."""
        return self.ways[0].h if len(self.ways) == 1 else source.field("vector0", self.n_outputs, kind)


@dataclass(frozen=True)
class Skeleton:
    """A model whose functions for single steps are written.

    Attributes
    ----------
    numbers : Numbers
    levels : tuple of Level
    last_step : bool
        Whether the output at the last step is picked, and not the state in which each direction ends.
    top : str
        Expression for the words that are picked, side by side.
    answer : tuple of str
        Statements that make the answer ``y`` of them.
    """

    numbers: Numbers
    levels: tuple[Level, ...]
    last_step: bool
    top: str
    answer: tuple[str, ...]

    @property
    def streams(self) -> bool:
        """Whether steps can be taken as they come: no direction is in reverse."""
        return not any(way.reverse for level in self.levels for way in level.ways)

    @property
    def memory_width(self) -> int:
        """Words that a step's outputs between the layers take."""
        return 0 if self.streams else sum(level.n_outputs for level in self.levels[:-1])

    @property
    def memory_bytes(self) -> int:
        """Bytes of them."""
        return self.numbers.bytes_of_word * self.memory_width
