"""What each method of `laconic nnls` calls, and the options it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from laconic.core.checks import ParameterError
from laconic.core.result import Result
from laconic.nnls import nn_omp, nnls, sparse_nnls
from laconic.sbl import rectified_sbl

OnDone = Callable[[int], None]


@dataclass(frozen=True)
class Coder:
    """A method.

    Attributes
    ----------
    options : tuple of str
        Those it takes.
    solve : callable
        Takes dictionary, signals, options, bytes to work in, and what is to be told how many signals are done.
    columns : tuple of str
        What to keep of its result besides numbers: arrays of the shape of the codes.
    arrays : int
        Arrays of that shape that its result holds in all.
    """

    options: tuple[str, ...]
    solve: Callable[[Any, Any, dict[str, Any], int, OnDone], Result]
    columns: tuple[str, ...]
    arrays: int


def _rsbl(A: Any, Y: Any, options: dict[str, Any], memory: int, on_done: OnDone) -> Result:
    seed = options.pop("seed", 0)
    return rectified_sbl(A, Y, random_state=seed, memory=memory, on_batch=lambda done, _: on_done(done), **options)


def _sparse(A: Any, Y: Any, options: dict[str, Any], memory: int, on_done: OnDone) -> Result:
    return sparse_nnls(A, Y, **options)


def _nnls(A: Any, Y: Any, options: dict[str, Any], memory: int, on_done: OnDone) -> Result:
    return nnls(A, Y, **options)


def _omp(A: Any, Y: Any, options: dict[str, Any], memory: int, on_done: OnDone) -> Result:
    return nn_omp(A, Y, **options)


CODERS = {
    "rsbl": Coder(("e_step", "prior", "noise", "snr", "estimate", "seed"), _rsbl, ("x", "std"), 9),
    "sparse": Coder(("prior", "noise", "snr"), _sparse, ("x",), 4),
    "nnls": Coder((), _nnls, ("x",), 4),
    "omp": Coder(("n_nonzero",), _omp, ("x",), 4),
}
"""Every method by its name; a new one adds its line here."""


def chosen_options(owner: str, method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given, or raise `ParameterError` for one that the method does not take."""
    options = {name: value for name, value in given.items() if value is not None}
    for name, value in options.items():
        if name not in CODERS[method].options:
            takers = ", ".join(other for other, coder in CODERS.items() if name in coder.options)
            raise ParameterError(owner, name, f"left out with --method {method} (it is for {takers})", value)
    return options
