"""Random readings of several modalities, and the formulas of the model in dense linear algebra, sample by sample."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from laconic.sbl.coupling import Groups, OneToOne, ScaleMap, Separate, Tree
from laconic.sbl.modal import Readings, Sensor, View

FEW, MANY = (5, 9, 4), (4, 20, 9)
"""Features of each modality, and atoms: fewer and more than features."""


def any_maps(n_atoms, seed=0, n_scales=6):
    """Maps of every kind of number: whole rows, several entries in a row, and large and small ones."""
    rng = np.random.default_rng(seed)
    maps = [rng.exponential(size=(n, n_scales)) * (rng.random((n, n_scales)) < 0.4) for n in n_atoms]
    for one in maps:
        one[np.arange(len(one)), rng.integers(n_scales, size=len(one))] += 0.1
    return ScaleMap(maps)


COUPLINGS = {
    "one-to-one": (OneToOne(), (12, 12, 12)),
    "groups": (Groups(), MANY),
    "tree": (Tree(), MANY),
    "separate": (Separate(), MANY),
    "maps": (any_maps(MANY), MANY),
}

PATTERNS = ("none", "entries", "modality", "sample", "everything")
"""What is missing: nothing, some entries, whole modalities of some samples, whole samples, all of these."""


def seen_under(pattern, n, widths, rng):
    """For each modality which entries are there, or None where all are."""
    if pattern == "none":
        return [None] * len(widths)
    seen = [np.ones((n, width), bool) for width in widths]
    for one in seen:
        if pattern in ("entries", "everything"):
            one &= rng.random(one.shape) < 0.7
        if pattern in ("modality", "everything"):
            one &= rng.random((n, 1)) < 0.7
    if pattern in ("sample", "everything"):
        lost = rng.random(n) < 0.3
        lost[0] = True
        for one in seen:
            one[lost] = False
    return seen


@dataclass
class Drawn:
    """Sensors, readings and scales of all modalities."""

    links: object
    atoms: list
    noises: list
    y: list
    seen: list
    gamma: np.ndarray

    def variances(self, j):
        """g_j by definition."""
        return self.gamma @ self.links.map(j).toarray().T

    def views(self, put=np.asarray):
        """What the library looks at."""
        pairs = zip(self.atoms, self.noises, self.y, self.seen, strict=True)
        return [
            View.of(Sensor(put(a), s), Readings(put(y), None if seen is None else put(seen))) for a, s, y, seen in pairs
        ]


def drawn(coupling, n_atoms, widths=FEW, n=23, pattern="none", pruned=0.3, seed=0):
    """Readings that have nothing to do with the model: formulas hold all the same."""
    rng = np.random.default_rng(seed)
    links = coupling.links(n_atoms)
    gamma = rng.exponential(size=(n, links.n_scales)) * (rng.random((n, links.n_scales)) >= pruned)
    seen = seen_under(pattern, n, widths, rng)
    y = [rng.normal(size=(n, width)) for width in widths]
    y = [one if s is None else np.where(s, one, 0.0) for one, s in zip(y, seen, strict=True)]
    atoms = [rng.normal(size=(m, width)) for m, width in zip(n_atoms, widths, strict=True)]
    return Drawn(links, atoms, rng.uniform(0.05, 0.5, len(widths)).tolist(), y, seen, gamma)


@dataclass
class Exact:
    """The posterior of one sample of one modality."""

    mean: np.ndarray
    covariance: np.ndarray
    evidence: float

    @property
    def second(self):
        return self.covariance + np.outer(self.mean, self.mean)


def exact(atoms, noise, y, there, g):
    """x ~ N(0, diag(g)), y = D' x + v, v ~ N(0, diag(noise)), of which the entries `there` are known."""
    D, y = atoms[:, there].T, y[there]
    C = np.diag(np.broadcast_to(noise, there.shape)[there]) + (D * g) @ D.T
    if not len(y):
        return Exact(np.zeros(len(g)), np.diag(g), 0.0)
    gain = np.linalg.solve(C, D * g).T
    covariance = np.diag(g) - gain @ (D * g)
    evidence = -(len(y) * np.log(2 * np.pi) + np.linalg.slogdet(C)[1] + y @ np.linalg.solve(C, y)) / 2
    return Exact(gain @ y, covariance, float(evidence))


def each_exact(problem, j):
    """The posteriors of all samples of a modality."""
    g, n = problem.variances(j), len(problem.gamma)
    seen = np.ones(problem.y[j].shape, bool) if problem.seen[j] is None else problem.seen[j]
    return [exact(problem.atoms[j], problem.noises[j], problem.y[j][i], seen[i], g[i]) for i in range(n)], seen


def exact_sums(problem, j):
    """sum E[x x'] and sum E[x y'] over samples with an entry; E[x y_f] of a missing entry is E[x x'] d_f."""
    found, seen = each_exact(problem, j)
    atoms, y = problem.atoms[j], problem.y[j]
    second, cross = np.zeros((len(atoms), len(atoms))), np.zeros(atoms.shape)
    for i, one in enumerate(found):
        if seen[i].any():
            second += one.second
            cross += np.where(seen[i], np.outer(one.mean, y[i]), one.second @ atoms)
    return second, cross


def exact_step(problem):
    """One step of EM over scales by its definition: x is the sum of the parts z of an exploded model, all independent.

    Each part is an atom of its own with variance T_mb gamma_b; gamma_b becomes the mean of E z² / T_mb.
    """
    n, n_scales = problem.gamma.shape
    new = problem.gamma.copy()
    for i in range(n):
        total, count = np.zeros(n_scales), np.zeros(n_scales)
        for j, (atoms, y, noise) in enumerate(zip(problem.atoms, problem.y, problem.noises, strict=True)):
            there = np.ones(len(y[i]), bool) if problem.seen[j] is None else problem.seen[j][i]
            if not there.any():
                continue
            T = problem.links.map(j).toarray()
            m, b = np.nonzero(T)
            parts = exact(atoms[m], noise, y[i], there, T[m, b] * problem.gamma[i, b])
            np.add.at(total, b, np.diagonal(parts.second) / T[m, b])
            np.add.at(count, b, 1)
        new[i] = np.where(count > 0, total / np.maximum(count, 1), problem.gamma[i])
    return new


def joint(problem, i):
    """The posterior of all modalities of a sample at once, with block-diagonal matrices."""
    seen = [np.ones(len(y[i]), bool) if s is None else s[i] for y, s in zip(problem.y, problem.seen, strict=True)]
    noise = np.concatenate([np.full(len(y[i]), s) for y, s in zip(problem.y, problem.noises, strict=True)])
    g = np.concatenate([problem.variances(j)[i] for j in range(len(problem.y))])
    atoms = scipy.linalg.block_diag(*problem.atoms)
    return exact(atoms, noise, np.concatenate([y[i] for y in problem.y]), np.concatenate(seen), g)
