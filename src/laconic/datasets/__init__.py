"""Data to learn from: labelled sequences, embedded or a user's own, matrices from files, problems with known answers.

The names are looked up when first used, so that `import laconic.datasets` does not wait for scikit-learn.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from laconic.datasets.sequence import SequenceData

if TYPE_CHECKING:
    from laconic.datasets.arrays import LoadedArray, load_array, load_matrix, load_names
    from laconic.datasets.codes import SparseCodes, make_sparse_codes
    from laconic.datasets.digits import load_digits_rows
    from laconic.datasets.factors import Factors, make_factors
    from laconic.datasets.halves import DigitHalves, load_digit_halves
    from laconic.datasets.known import download_known, load_known
    from laconic.datasets.melody import Melody, make_melody
    from laconic.datasets.modalities import LoadedModalities, load_modalities
    from laconic.datasets.npz import load_npz
    from laconic.datasets.samples import LoadedSamples, load_samples
    from laconic.datasets.scene import SpectralScene, make_spectral_scene
    from laconic.datasets.sensors import Sensors, make_sensors
    from laconic.datasets.topics import Topics, make_topics

__all__ = [
    "DigitHalves",
    "Factors",
    "LoadedArray",
    "LoadedModalities",
    "LoadedSamples",
    "Melody",
    "Sensors",
    "SequenceData",
    "SparseCodes",
    "SpectralScene",
    "Topics",
    "download_known",
    "load_array",
    "load_digit_halves",
    "load_digits_rows",
    "load_known",
    "load_matrix",
    "load_modalities",
    "load_names",
    "load_npz",
    "load_samples",
    "make_factors",
    "make_melody",
    "make_sensors",
    "make_sparse_codes",
    "make_spectral_scene",
    "make_topics",
]

_HOMES = {
    "DigitHalves": "laconic.datasets.halves",
    "Factors": "laconic.datasets.factors",
    "LoadedArray": "laconic.datasets.arrays",
    "LoadedModalities": "laconic.datasets.modalities",
    "LoadedSamples": "laconic.datasets.samples",
    "Melody": "laconic.datasets.melody",
    "Sensors": "laconic.datasets.sensors",
    "SparseCodes": "laconic.datasets.codes",
    "SpectralScene": "laconic.datasets.scene",
    "Topics": "laconic.datasets.topics",
    "download_known": "laconic.datasets.known",
    "load_array": "laconic.datasets.arrays",
    "load_digit_halves": "laconic.datasets.halves",
    "load_digits_rows": "laconic.datasets.digits",
    "load_known": "laconic.datasets.known",
    "load_matrix": "laconic.datasets.arrays",
    "load_modalities": "laconic.datasets.modalities",
    "load_names": "laconic.datasets.arrays",
    "load_npz": "laconic.datasets.npz",
    "load_samples": "laconic.datasets.samples",
    "make_factors": "laconic.datasets.factors",
    "make_melody": "laconic.datasets.melody",
    "make_sensors": "laconic.datasets.sensors",
    "make_sparse_codes": "laconic.datasets.codes",
    "make_spectral_scene": "laconic.datasets.scene",
    "make_topics": "laconic.datasets.topics",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
