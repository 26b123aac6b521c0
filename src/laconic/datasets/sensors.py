"""Planted dictionaries of several sensors: samples whose sparse codes share their support, or their scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import ParameterError, check_interval, check_positive_int
from laconic.core.seeds import RandomState, as_generator

Matrix = NDArray[np.float64]
Places = NDArray[np.int64]

_OWNER = "make_sensors"


@dataclass(frozen=True, eq=False)
class Sensors:
    """Dictionaries whose answer is known: X[name] = codes[name] @ components[name] + v for each modality.

    Modalities are named "a", "b", "c" and on.

    Parameters
    ----------
    X : dict of ndarray of float64, shape (n_samples, n_features_j)
        Samples, one a row; where a modality is missing, its row is NaN.
    codes : dict of ndarray of float64, shape (n_samples, n_atoms_j)
        How much of each atom is in each sample, missing modalities too; sparse.
    components : dict of ndarray of float64, shape (n_atoms_j, n_features_j)
        Atoms, rows of unit length.
    noise : dict of float
        Variance of each entry of v.
    links : dict of ndarray of float64, shape (n_atoms_j, n_scales)
        1 where a scale is part of the variance of an atom's code, else 0: the identity where atoms of all modalities
        are paired one to one.
    parents : ndarray of int64, shape (n_children,), or None
        In a tree, the root (atom of "a") that each child (atom of "b") belongs to.
    """

    X: dict[str, Matrix]
    codes: dict[str, Matrix]
    components: dict[str, Matrix]
    noise: dict[str, float]
    links: dict[str, Matrix]
    parents: Places | None = None


def make_sensors(
    n_samples: int = 1000,
    n_features: Sequence[int] = (20, 20),
    n_atoms: int | Sequence[int] | None = None,
    n_nonzero: int = 5,
    *,
    snr: Sequence[float] = (30.0, 10.0),
    tree: bool = False,
    groups: int | None = None,
    missing: float = 0.0,
    random_state: RandomState = 0,
) -> Sensors:
    """Draw dictionaries, codes that are in use together and the samples they make, for a learner to find again.

    Problem: find components[name] (n_atoms_j, n_features_j) and sparse codes[name] (n_samples, n_atoms_j) from
    X[name] = codes[name] @ components[name] + v. In each sample `n_nonzero` scales, drawn without replacement, are 1
    and the others 0; an atom's code is normal, its variance the sum of the scales it is linked to. Signs and sizes of
    codes are independent between modalities. Atoms are normal vectors scaled to unit length.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    n_features : sequence of int
        Features of each modality; as many modalities as numbers.
    n_atoms : int or sequence of int, optional
        Atoms of each modality; one number for all of them. Where neither `tree` nor `groups` is given, atom m of every
        modality has scale m of its own, and all numbers must be the same. None: 50, and in a tree (30, 60).
    n_nonzero : int
        Scales in use in each sample.
    snr : sequence of float
        Signal-to-noise ratio of each modality in dB: the noise is Gaussian of variance
        ``mean((codes @ components)**2) / 10**(snr / 10)``. Infinity: no noise.
    tree : bool, default False
        Two modalities, roots and children, each root with as many children, neighbours together. A child has a scale
        of its own, and the variance of a root is the number of its children in use.
    groups : int, optional
        Number of scales, to which the atoms of each modality are dealt out evenly, neighbours together: all atoms of
        a group are in use in the same samples.
    missing : float, default 0
        Share of the samples, in [0, 1), of which the last modality is missing.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The same seed gives the same problem; with another `snr` the same but for the noise, and with another
        `missing` the same but for what is missing: the more is, what was missing stays so.

    Returns
    -------
    Sensors
        X, codes, components, noise variances and links by the names of the modalities; in a tree, parents.

    Raises
    ------
    ParameterError
        If a parameter is not as described.

    Examples
    --------
    >>> planted = make_sensors(100, (8, 12), n_atoms=16, n_nonzero=3, missing=0.25)
    >>> planted.X["b"].shape, int(np.isnan(planted.X["b"]).all(axis=1).sum())
    ((100, 12), 25)
    """
    sizes = _sizes(n_features, n_atoms, tree)
    _check(n_samples, n_nonzero, snr, sizes, missing)
    parents = _parents(sizes) if tree else None
    links = _links(sizes, parents, groups)
    _check_nonzero(n_nonzero, links["a"].shape[1])
    rng = as_generator(_OWNER, random_state)
    components = {name: _atoms(rng, *size) for name, size in sizes.items()}
    active = _active(rng, n_samples, links["a"].shape[1], n_nonzero)
    codes = {name: np.sqrt(active @ one.T) * rng.standard_normal((n_samples, len(one))) for name, one in links.items()}
    clean = {name: codes[name] @ components[name] for name in sizes}
    noise = {name: _variance(clean[name], ratio) for name, ratio in zip(sizes, snr, strict=True)}
    X = {name: one + np.sqrt(noise[name]) * rng.standard_normal(one.shape) for name, one in clean.items()}
    X[list(X)[-1]][rng.permutation(n_samples)[: round(missing * n_samples)]] = np.nan
    return Sensors(X, codes, components, noise, links, parents)


def _sizes(n_features: Sequence[int], n_atoms: int | Sequence[int] | None, tree: bool) -> dict[str, tuple[int, int]]:
    """Return the numbers of atoms and features of each modality."""
    features = _numbers("n_features", n_features)
    if not 1 <= len(features) <= len(ascii_lowercase):
        raise ParameterError(_OWNER, "n_features", "1 to 26 numbers, one for each modality", n_features)
    if n_atoms is None:
        n_atoms = (30, 60) if tree else 50
    alike = np.ndim(n_atoms) == 0
    atoms = _numbers("n_atoms", [n_atoms] * len(features) if alike else n_atoms)
    if len(atoms) != len(features):
        raise ParameterError(_OWNER, "n_atoms", f"one number or {len(features)}, one for each modality", n_atoms)
    return dict(zip(ascii_lowercase, zip(atoms, features, strict=True), strict=False))


def _numbers(name: str, given: object) -> list[int]:
    if not isinstance(given, (list, tuple, np.ndarray)):
        raise ParameterError(_OWNER, name, "a sequence of whole numbers", given)
    return [check_positive_int(_OWNER, name, value) for value in given]


def _check(
    n_samples: int, n_nonzero: int, snr: Sequence[float], sizes: dict[str, tuple[int, int]], missing: float
) -> None:
    check_positive_int(_OWNER, "n_samples", n_samples)
    check_positive_int(_OWNER, "n_nonzero", n_nonzero)
    check_interval(_OWNER, "missing", missing, 0, 1, closed="left")
    if not isinstance(snr, (list, tuple, np.ndarray)) or len(snr) != len(sizes):
        raise ParameterError(_OWNER, "snr", f"{len(sizes)} numbers, one for each modality", snr)
    for ratio in snr:
        check_interval(_OWNER, "snr", ratio, -np.inf, np.inf, closed="right")


def _check_nonzero(n_nonzero: int, n_scales: int) -> None:
    if n_nonzero > n_scales:
        raise ParameterError(_OWNER, "n_nonzero", f"at most {n_scales}, the number of scales", n_nonzero)


def _parents(sizes: dict[str, tuple[int, int]]) -> Places:
    atoms = [size[0] for size in sizes.values()]
    if len(atoms) != 2 or atoms[1] % atoms[0]:
        allowed = "of two modalities in a tree, the second a multiple of the first"
        raise ParameterError(_OWNER, "n_atoms", allowed, tuple(atoms))
    return np.arange(atoms[1]) // (atoms[1] // atoms[0])


def _links(sizes: dict[str, tuple[int, int]], parents: Places | None, groups: int | None) -> dict[str, Matrix]:
    """Return for each modality which scales make up the variance of each atom, (n_atoms_j, n_scales)."""
    atoms = {name: size[0] for name, size in sizes.items()}
    if parents is not None:
        if groups is not None:
            raise ParameterError(_OWNER, "groups", "None in a tree", groups)
        return {"a": np.eye(atoms["a"])[:, parents], "b": np.eye(atoms["b"])}
    if groups is not None:
        return _grouped(atoms, groups)
    if len(set(atoms.values())) > 1:
        allowed = "the same for all modalities, where neither tree nor groups is given"
        raise ParameterError(_OWNER, "n_atoms", allowed, tuple(atoms.values()))
    return {name: np.eye(count) for name, count in atoms.items()}


def _grouped(atoms: dict[str, int], groups: int) -> dict[str, Matrix]:
    if check_positive_int(_OWNER, "groups", groups) > min(atoms.values()):
        allowed = f"at most {min(atoms.values())}, the atoms of the smallest dictionary"
        raise ParameterError(_OWNER, "groups", allowed, groups)
    return {name: np.eye(groups)[np.arange(count) * groups // count] for name, count in atoms.items()}


def _atoms(rng: np.random.Generator, n_atoms: int, n_features: int) -> Matrix:
    atoms = rng.standard_normal((n_atoms, n_features))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    return atoms


def _active(rng: np.random.Generator, n_samples: int, n_scales: int, n_nonzero: int) -> Matrix:
    """Return scales (n_samples, n_scales), `n_nonzero` random ones of each row 1 and the others 0."""
    places = np.argsort(rng.random((n_samples, n_scales)), axis=1)[:, :n_nonzero]
    active = np.zeros((n_samples, n_scales))
    np.put_along_axis(active, places, 1.0, axis=1)
    return active


def _variance(clean: Matrix, ratio: float) -> float:
    return float(np.mean(clean**2) / 10 ** (ratio / 10))
