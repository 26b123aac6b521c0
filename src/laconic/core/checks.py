"""Checks of what users hand in; each error names the owner, the parameter, what is allowed and what came."""

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np


class ParameterError(ValueError):
    """A parameter has a value that its owner does not allow.

    Parameters
    ----------
    owner : str
        Function or class the parameter belongs to.
    parameter : str
        Name of the parameter.
    allowed : str
        What would have been accepted, in words.
    given : object
        What came.
    """

    def __init__(self, owner: str, parameter: str, allowed: str, given: object) -> None:
        super().__init__(f"{owner}: {parameter} must be {allowed}, got {given!r}")
        self.owner, self.parameter, self.allowed, self.given = owner, parameter, allowed, given

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.owner, self.parameter, self.allowed, self.given)


class DataError(ValueError):
    """Data that cannot be used; the message is one sentence that says where and why."""


def check_choice(owner: str, parameter: str, value: object, allowed: Collection[object]) -> None:
    """Raise `ParameterError` unless `value` is one of `allowed`."""
    if not isinstance(value, (str, type(None), bool, int)) or value not in allowed:
        raise ParameterError(owner, parameter, "one of " + ", ".join(map(repr, allowed)), value)


def check_positive_int(owner: str, parameter: str, value: object) -> int:
    """Return `value` as an int, or raise `ParameterError` unless it is a whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ParameterError(owner, parameter, "a whole number of at least 1", value)
    return int(value)


def check_interval(
    owner: str, parameter: str, value: object, low: float, high: float, *, closed: str = "both"
) -> float:
    """Return `value` as a float, or raise unless it lies in the interval.

    `closed` is "both", "left", "right" or "neither": which ends belong to the interval.
    """
    number: Any = value
    left, right = closed in ("both", "left"), closed in ("both", "right")
    inside = (
        isinstance(value, Real)
        and not isinstance(value, bool)
        and (low <= number if left else low < number)
        and (number <= high if right else number < high)
    )
    if not inside:
        words = f"a number in {'[' if left else '('}{low:g}, {high:g}{']' if right else ')'}"
        raise ParameterError(owner, parameter, words, value)
    return float(number)


def check_finite(owner: str, parameter: str, array: Any) -> None:
    """Raise `DataError` if a NumPy array holds NaN or infinity, saying how many and where the first is."""
    finite = np.isfinite(array)
    if not finite.all():
        bad = ~finite
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{owner}: {parameter} must be finite, got {int(bad.sum())} NaN or infinite values, "
            f"the first at index {first}"
        )
