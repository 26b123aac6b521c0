"""Labelled sequences to learn from: embedded ones, and a user's own .npz files.

The names are looked up when first used, so that `import laconic.datasets` does not wait for scikit-learn.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from laconic.datasets.sequence import SequenceData

if TYPE_CHECKING:
    from laconic.datasets.digits import load_digits_rows
    from laconic.datasets.npz import load_npz

__all__ = ["SequenceData", "load_digits_rows", "load_npz"]

_HOMES = {"load_digits_rows": "laconic.datasets.digits", "load_npz": "laconic.datasets.npz"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
