"""What competes in a study: a compression method, perhaps with a rule for its shapes and a width of its own."""

from dataclasses import dataclass
from typing import Self

from laconic.core.checks import ParameterError
from laconic.rnn.methods import METHODS

SHAPES = ("auto", "paper")


@dataclass(frozen=True)
class Contender:
    """A method of compression and how it is used.

    Attributes
    ----------
    name : str
        Such as "kronecker", "kronecker-paper" for the papers' shapes, "kronecker-32" for a layer of 32 units,
        "kronecker-paper-32" for both.
    method : str
    shapes : str or None
        Rule for shapes, "auto" or "paper"; None is that of the study.
    hidden : int or None
        Units; None is those of the study.
    """

    name: str
    method: str
    shapes: str | None = None
    hidden: int | None = None

    @classmethod
    def parse(cls, owner: str, name: str, parameter: str = "methods") -> Self:
        """Return the contender of a name, which this parameter gave.

        Raises
        ------
        ParameterError
            If there is none.
        """
        method, *words = name.split("-")
        shapes = words.pop(0) if words and words[0] in SHAPES else None
        hidden = int(words.pop(0)) if words and words[0].isdecimal() and int(words[0]) > 0 else None
        if words or method not in METHODS or (method == "small" and hidden) or (shapes and method != "kronecker"):
            known = ", ".join(map(repr, METHODS))
            allowed = f"one of {known}, perhaps with units, such as 'lowrank-32', or shapes, such as 'kronecker-paper'"
            raise ParameterError(owner, parameter, allowed, name)
        return cls(name, method, shapes, hidden)
