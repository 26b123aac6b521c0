"""What a report shows of dictionaries of several modalities: atoms, who uses them, some samples, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.report.codes.records import Image
from laconic.report.nmf.records import as_axis

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sensor:
    """One modality.

    Attributes
    ----------
    name : str
    components : array of shape (n_atoms, n_features)
        Its dictionary; rows of length one.
    links : array of shape (n_atoms, n_scales)
        Which scales the variance of each atom is made of.
    usage : array of shape (n_atoms,)
        Share of the samples with this modality that use each atom.
    energy : array of shape (n_atoms,)
        Mean square of each atom's code over them.
    codes : array of shape (s, n_atoms)
        Of samples evenly spaced among all, the same for every modality; NaN where it is missing.
    noise : float
        Variance of an entry.
    unit : float
        Root mean square of the length of a sample.
    present : float
        Share of the samples that have it.
    active : float
        Atoms that a sample with it uses, on average.
    relative_error : float
        |X - Z D| / |X| over the entries that are there, X less its mean if it was centred.
    missing_entries : int
        NaN in samples that have it.
    image : Image or None
        How features lie in an image.
    names : tuple of str
        Of the features, or empty.
    """

    name: str
    components: Array
    links: Array
    usage: Array
    energy: Array
    codes: Array
    noise: float
    unit: float
    present: float
    active: float
    relative_error: float
    missing_entries: int = 0
    image: Image | None = None
    names: tuple[str, ...] = ()

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return int(self.components.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.components.shape[1])

    @property
    def n_used(self) -> int:
        """Number of atoms that a sample uses."""
        return int((self.usage > 0).sum())

    @property
    def shares(self) -> Array:
        """Share of each atom in the energy of all, shape (n_atoms,)."""
        return np.asarray(self.energy / (self.energy.sum() or 1.0))

    @property
    def noise_share(self) -> float:
        """Share of the power of the data that is noise."""
        return self.noise * self.n_features / self.unit**2

    @property
    def snr(self) -> float:
        """Signal-to-noise ratio in dB; NaN where there is nothing but noise."""
        share = self.noise_share
        return 10 * log10((1 - share) / share) if 0 < share < 1 else nan

    @property
    def axis(self) -> Array | None:
        """Names of the features as numbers that rise or fall throughout, or None."""
        return as_axis(self.names)


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample and what is made of it.

    Attributes
    ----------
    number : int
        Which one, from 0.
    role : str
        Why it is shown.
    given : tuple of arrays of shape (n_features,)
        What each modality has read; NaN where an entry is missing.
    fit, std : tuple of arrays of shape (n_features,)
        What the model makes of it, and the standard deviation of each entry, noise included.
    truth : tuple of arrays, or None
        What was there before something was taken out, where this is known.
    """

    number: int
    role: str
    given: tuple[Array, ...]
    fit: tuple[Array, ...]
    std: tuple[Array, ...]
    truth: tuple[Array, ...] | None = None

    def only(self, places: Sequence[int]) -> "Sample":
        """Return what some modalities have of it."""
        given, fit, std = (tuple(part[j] for j in places) for part in (self.given, self.fit, self.std))
        truth = None if self.truth is None else tuple(self.truth[j] for j in places)
        return replace(self, given=given, fit=fit, std=std, truth=truth)

    def lacks(self, place: int) -> bool:
        """Whether a modality has read nothing."""
        return bool(np.isnan(self.given[place]).all())


@dataclass(frozen=True)
class Accuracy:
    """How well classes are told from some modalities.

    Attributes
    ----------
    sensors : str
        Which ones, in words such as "both halves" or "all but text".
    share : float
        Of the samples held out whose class was right.
    n : int
        Samples held out.
    method : str
        Who told.
    """

    sensors: str
    share: float
    n: int
    method: str = ""


@dataclass(frozen=True, eq=False)
class SensorsSummary:
    """What was learned of samples that several sensors have read.

    Attributes
    ----------
    name : str
        Of the method, as a heading has it.
    sensors : tuple of Sensor
    n_samples : int
    patterns : tuple of (tuple of bool, int)
        Which modalities samples have, and how many samples have just these, the most frequent first.
    samples : tuple of Sample
        Those that are shown.
    coupling : str
        How atoms share scales.
    scaling : str or None
        What was done to features first.
    log_likelihood : float
        Of a sample, on average.
    trace : array of shape (n_iter,)
        The same before each step over all data, in units of the fit.
    status, message : str
        As in `laconic.core.result.Result`.
    gap : float
        Largest distance that an atom moved in the last step.
    n_iter : int
    sparsity : int or None
        Of the warm start.
    seconds : float
    accuracies : tuple of Accuracy
        Where classes were learned, too.
    """

    name: str
    sensors: tuple[Sensor, ...]
    n_samples: int
    patterns: tuple[tuple[tuple[bool, ...], int], ...]
    samples: tuple[Sample, ...] = ()
    coupling: str = "one-to-one"
    scaling: str | None = None
    log_likelihood: float = nan
    trace: Array | None = None
    status: str = ""
    message: str = ""
    gap: float = nan
    n_iter: int = 0
    sparsity: int | None = None
    seconds: float = nan
    accuracies: tuple[Accuracy, ...] = ()
