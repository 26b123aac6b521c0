"""Data to learn from: labelled sequences, embedded or a user's own, matrices from files, sparse problems to be solved.

The names are looked up when first used, so that `import laconic.datasets` does not wait for scikit-learn.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from laconic.datasets.sequence import SequenceData

if TYPE_CHECKING:
    from laconic.datasets.arrays import LoadedArray, load_array, load_matrix, load_names
    from laconic.datasets.codes import SparseCodes, make_sparse_codes
    from laconic.datasets.digits import load_digits_rows
    from laconic.datasets.npz import load_npz
    from laconic.datasets.scene import SpectralScene, make_spectral_scene

__all__ = [
    "LoadedArray",
    "SequenceData",
    "SparseCodes",
    "SpectralScene",
    "load_array",
    "load_digits_rows",
    "load_matrix",
    "load_names",
    "load_npz",
    "make_sparse_codes",
    "make_spectral_scene",
]

_HOMES = {
    "LoadedArray": "laconic.datasets.arrays",
    "SparseCodes": "laconic.datasets.codes",
    "SpectralScene": "laconic.datasets.scene",
    "load_array": "laconic.datasets.arrays",
    "load_digits_rows": "laconic.datasets.digits",
    "load_matrix": "laconic.datasets.arrays",
    "load_names": "laconic.datasets.arrays",
    "load_npz": "laconic.datasets.npz",
    "make_sparse_codes": "laconic.datasets.codes",
    "make_spectral_scene": "laconic.datasets.scene",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
