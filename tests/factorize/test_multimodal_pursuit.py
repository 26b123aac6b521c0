"""Warm starts: matching pursuit against the plain one, K-SVD steps, atoms that are replaced."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbl.modal_problems import COUPLINGS, any_maps
from threadpoolctl import threadpool_limits

from laconic.factorize.multimodal import Layout, Model, Part
from laconic.factorize.multimodal.pursuit import pursue
from laconic.factorize.multimodal.replacing import renewed
from laconic.factorize.multimodal.samples import Samples
from laconic.factorize.multimodal.warm import random_atoms, warmed
from laconic.sbl.coupling import Groups, OneToOne, ScaleMap, Separate, Tree


def plain_pursuit(y, atoms, weights, links, sparsity):
    """Simultaneous orthogonal matching pursuit of one sample, by its definition."""
    maps, taken = [links.map(j).toarray() > 0 for j in range(len(y))], [[] for _ in y]
    for _ in range(sparsity):
        x = [fitted(one, a, t) for one, a, t in zip(y, atoms, taken, strict=True)]
        left = [one - c @ a for one, c, a in zip(y, x, atoms, strict=True)]
        worth = np.zeros(links.n_scales)
        for b in range(links.n_scales):
            for j, T in enumerate(maps):
                free = [m for m in np.flatnonzero(T[:, b]) if m not in taken[j]]
                worth[b] += weights[j] * np.sum((atoms[j][free] @ left[j]) ** 2)
        if worth.max() <= 1e-20:
            break
        best = int(np.argmax(worth))
        for j, T in enumerate(maps):
            taken[j] += [m for m in np.flatnonzero(T[:, best]) if m not in taken[j]]
    return [fitted(one, a, t) for one, a, t in zip(y, atoms, taken, strict=True)]


def fitted(y, atoms, taken):
    x = np.zeros(len(atoms))
    if taken:
        x[taken] = np.linalg.lstsq(atoms[taken].T, y, rcond=None)[0]
    return x


@given(
    name=st.sampled_from([*COUPLINGS]),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    sparsity=st.integers(1, 4),
    seed=st.integers(0, 2**20),
)
@settings(max_examples=80)
def test_pursuit_is_the_plain_one(name, sizes, sparsity, seed):
    rng = np.random.default_rng(seed)
    n_atoms = (sizes[0],) * 2 if name == "one-to-one" else sizes
    coupling = any_maps(n_atoms, seed, 5) if name == "maps" else COUPLINGS[name][0]
    links, weights = coupling.links(n_atoms), rng.uniform(0.1, 10, 2)
    widths = [sparsity * m + 3 for m in n_atoms]  # so that no choice of atoms is dependent
    atoms = [rng.normal(size=(m, width)) for m, width in zip(n_atoms, widths, strict=True)]
    y = [rng.normal(size=(6, width)) for width in widths]
    codes = pursued(y, atoms, weights, links, sparsity)
    for i in range(6):
        expected = plain_pursuit([one[i] for one in y], atoms, weights, links, sparsity)
        for j, root in enumerate(np.sqrt(weights)):
            np.testing.assert_allclose(codes[j][i], expected[j], rtol=1e-7, atol=1e-9, err_msg=f"{j} {root}")


def pursued(y, atoms, weights, links, sparsity):
    """The library's codes, the weights taken off again."""
    roots, ends = np.sqrt(weights), np.cumsum(links.n_atoms)
    pull = np.hstack([root * one @ a.T for root, one, a in zip(roots, y, atoms, strict=True)])
    gram = np.zeros((ends[-1], ends[-1]))
    for a, last in zip(atoms, ends, strict=True):
        gram[last - len(a) : last, last - len(a) : last] = a @ a.T
    codes = np.split(pursue(pull, gram, links, sparsity), ends[:-1], axis=1)
    return [part / root for part, root in zip(codes, roots, strict=True)]


def test_atoms_that_depend_on_each_other_are_passed_over():
    """More atoms are wanted than there are features, and some are there twice: codes are finite and fit exactly."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(4, 3))
    atoms, y = [np.concatenate([half, half])], [rng.normal(size=(20, 3))]
    codes = pursued(y, atoms, np.ones(1), OneToOne().links((8,)), 8)[0]
    assert np.all(np.isfinite(codes))
    assert np.all(np.count_nonzero(codes, axis=1) <= 3)
    np.testing.assert_allclose(codes @ atoms[0], y[0], atol=1e-8)
    assert np.all(pursued([np.zeros((2, 3))], atoms, np.ones(1), OneToOne().links((8,)), 8)[0] == 0)


def test_threads_change_no_pursuit():
    rng = np.random.default_rng(0)
    atoms, y = [rng.normal(size=(30, 12))], [rng.normal(size=(600, 12))]
    found = []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            found.append(pursued(y, atoms, np.ones(1), OneToOne().links((30,)), 3)[0])
    np.testing.assert_array_equal(*found)


# Starts -------------------------------------------------------------------------------------------------------------


def setting(coupling, n_atoms, widths=(6, 5), n=40, seed=0):
    rng = np.random.default_rng(seed)
    ends = np.cumsum([0, *widths]).tolist()
    parts = tuple(Part(str(i), np.arange(*span), span[1] - span[0]) for i, span in enumerate(pairwise(ends)))
    atoms = tuple(np.zeros(size) for size in zip(n_atoms, widths, strict=True))
    model = Model(Layout(parts), coupling.links(n_atoms), atoms, (0.01,) * len(widths))
    return model, Samples(model.layout, rng.normal(size=(n, ends[-1])))


@pytest.mark.parametrize(
    ("coupling", "n_atoms"), [(OneToOne(), (8, 8)), (Groups(), (4, 8)), (Tree(), (4, 8)), (Separate(), (4, 8))]
)
def test_a_start_is_of_samples_and_atoms_that_share_a_scale_are_of_one(coupling, n_atoms):
    model, samples = setting(coupling, n_atoms)
    found = random_atoms(model, samples, np.random.default_rng(1))
    origin = []
    for part, atoms in zip(model.layout.parts, found.atoms, strict=True):
        np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1)
        rows = samples.rows[:, part.columns]
        cosines = atoms @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T
        assert np.all(cosines.max(axis=1) > 0.999)
        origin.append(cosines.argmax(axis=1))
    if isinstance(coupling, OneToOne):
        np.testing.assert_array_equal(*origin)
        assert len(set(origin[0])) == 8
    if isinstance(coupling, Groups):
        np.testing.assert_array_equal(origin[0].repeat(2), origin[1])


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_start_from_fewer_samples_than_atoms(n):
    model, samples = setting(OneToOne(), (8, 8), n=n)
    found = random_atoms(model, samples, np.random.default_rng(1))
    for atoms in found.atoms:
        assert np.all(np.isfinite(atoms))
        np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1)
        assert len(np.unique(np.round(atoms, 9), axis=0)) == 8  # none is there twice


def test_a_start_prefers_samples_that_lack_nothing():
    model, samples = setting(OneToOne(), (8, 8))
    samples.rows[:30, :6] = np.nan
    rows = samples.rows[30:, 6:] / np.linalg.norm(samples.rows[30:, 6:], axis=1, keepdims=True)
    atoms = random_atoms(model, samples, np.random.default_rng(1)).atoms[1]
    assert np.all((atoms @ rows.T).max(axis=1) > 0.999)


@pytest.mark.parametrize("by_noise", [True, False])
def test_warm_starts_find_what_is_planted(by_noise):
    rng = np.random.default_rng(0)
    planted = [rng.normal(size=(8, width)) for width in (16, 15)]
    planted = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in planted]
    model, samples = setting(OneToOne(), (8, 8), (16, 15), n=300)
    place = rng.integers(8, size=300)
    clean = np.hstack([one[place] * rng.normal(size=(300, 1)) for one in planted])
    samples = Samples(model.layout, clean + 0.01 * rng.normal(size=clean.shape))
    samples.rows[:20, :16] = np.nan
    samples.rows[30:60, 7] = np.nan
    start = random_atoms(model, samples, rng)
    found = warmed(start, samples, 1, 30, by_noise=by_noise)
    for one, truth in zip(found.atoms, planted, strict=True):
        assert (np.abs(one @ truth.T).max(axis=0) > 0.99).mean() >= 7 / 8


# Atoms that are replaced --------------------------------------------------------------------------------------------


def replaced(coupling=None, energy=(1.0, 1.0, 1.0, 1.0), twins=False):
    """Dictionaries of four atoms after a replacement, and those before."""
    rng = np.random.default_rng(0)
    links = (coupling or OneToOne()).links((4, 4))
    atoms = [np.linalg.qr(rng.normal(size=(6, 6)))[0][:4] for _ in range(2)]
    if twins:
        for one in atoms:
            one[3] = one[1] + 0.01 * rng.normal(size=6)
            one[3] /= np.linalg.norm(one[3])
    codes = [rng.choice([-1.0, 1.0], size=(30, 4)) * np.sqrt(energy) for _ in range(2)]
    left = [rng.normal(size=(30, 6)) * 0.1 for _ in range(2)]
    for one in left:
        one[17], one[4] = 5 * rng.normal(size=6), 2 * rng.normal(size=6)
    return renewed(atoms, links, codes, left, np.array([1.0, 2.0]), [6, 6]), atoms, left


def test_nothing_is_replaced_without_need():
    new, old, _ = replaced()
    for one, other in zip(new, old, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("energy", "twins", "weak"),
    [((1.0, 0.2, 1.0, 1.0), False, [1]), ((0.05, 1.0, 0.1, 1.0), False, [0, 2]), ((1.0, 1.0, 1.0, 0.9), True, [3])],
)
def test_the_weak_and_the_weaker_twin_give_way_to_what_is_left_of_the_worst_samples(energy, twins, weak):
    new, old, left = replaced(energy=energy, twins=twins)
    for one, other, rest in zip(new, old, left, strict=True):
        for b, sample in zip(weak, (17, 4), strict=False):
            np.testing.assert_allclose(one[b], rest[sample] / np.linalg.norm(rest[sample]))
        stay = [b for b in range(4) if b not in weak]
        np.testing.assert_array_equal(one[stay], other[stay])


def test_an_atom_of_several_scales_is_never_replaced():
    root = ScaleMap([np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]), np.eye(4)])
    new, old, left = replaced(root, energy=(1.0, 0.1, 1.0, 1.0))
    np.testing.assert_array_equal(new[0][0], old[0][0])
    np.testing.assert_allclose(new[1][1], left[1][17] / np.linalg.norm(left[1][17]))
