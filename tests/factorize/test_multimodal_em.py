"""EM over scales and dictionaries of several modalities: what must never fall never does, and each step is the best."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbl.modal_problems import COUPLINGS, PATTERNS, Drawn, any_maps, exact_step, exact_sums, joint, seen_under

from laconic.core.blocks import ArraySource, LocalPool
from laconic.factorize.multimodal import Layout, Model, Part, surveyed
from laconic.factorize.multimodal.dictionary import better, coordinate_round, gain, improved, unit_rows
from laconic.factorize.multimodal.statistics import ModalitySums
from laconic.factorize.multimodal.steps import ENERGY, Learn
from laconic.sbl.modal import Update
from laconic.sbl.modal.codes import ABOVE

NAMES = [*COUPLINGS]


def drawn(seed, name=None, pattern=None):
    """A random problem: a pool of blocks, and a model with dictionaries that are no good yet."""
    rng = np.random.default_rng(seed)
    name, pattern = name or NAMES[rng.integers(len(NAMES))], pattern or PATTERNS[rng.integers(len(PATTERNS))]
    n, j = int(rng.integers(3, 40)), int(rng.integers(1, 4))
    widths, n_atoms = rng.integers(1, 9, j).tolist(), tuple(rng.integers(1, 12, j).tolist())
    n_atoms = (n_atoms[0],) * j if name == "one-to-one" else n_atoms
    coupling = any_maps(n_atoms, seed, int(rng.integers(1, 8))) if name == "maps" else COUPLINGS[name][0]
    X = rng.normal(size=(n, sum(widths))) * 10.0 ** rng.uniform(-3, 3)
    for part, seen in zip(parts_of(widths), seen_under(pattern, n, widths, rng), strict=True):
        if seen is not None and seen.any():
            X[:, part.columns] = np.where(seen, X[:, part.columns], np.nan)
    pool = LocalPool(ArraySource(X, np.unique(np.r_[0, rng.integers(0, n, 2), n])))
    layout = surveyed("test", pool, Layout(parts_of(widths)))
    atoms = [rng.normal(size=(m, width)) for m, width in zip(n_atoms, widths, strict=True)]
    atoms = tuple(one / np.linalg.norm(one, axis=1, keepdims=True) for one in atoms)
    return pool, Model(layout, coupling.links(n_atoms), atoms, tuple((10.0 ** rng.uniform(-4, 0, j)).tolist()))


def parts_of(widths):
    ends = np.cumsum([0, *widths]).tolist()
    return tuple(Part(str(i), np.arange(*span), span[1] - span[0]) for i, span in enumerate(pairwise(ends)))


# The likelihood -----------------------------------------------------------------------------------------------------


def assert_never_falls(seed, steps=10):
    pool, model = drawn(seed)
    last = -np.inf
    for _ in range(steps):
        sums = pool.run(Learn(model, Update()))
        assert sums.evidence >= last - 1e-9 * (1 + abs(last)), f"seed {seed}"
        model, last = improved(model, sums), sums.evidence


def test_the_likelihood_never_falls():
    for seed in range(60):
        assert_never_falls(seed)


@pytest.mark.slow
def test_the_likelihood_never_falls_a_thousand_times():
    for seed in range(1000, 2000):
        assert_never_falls(seed, 40)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_one_step_by_definition(name, pattern):
    """The likelihood, the sums and the new scales of blocks are those of the formulas for all samples at once."""
    pool, model = drawn(7, name, pattern)
    one = dense(pool, model)
    first = pool.run(Learn(model, Update()))
    assert first.evidence == pytest.approx(sum(joint(one, i).evidence for i in range(len(one.gamma))), rel=1e-8)
    assert first.n_samples == len(one.gamma)
    for j, sums in enumerate(first.each):
        second, cross = exact_sums(one, j)
        np.testing.assert_allclose(sums.second, second, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(sums.cross, cross, rtol=1e-8, atol=1e-8)
        present = one.seen[j].any(axis=1).astype(float)
        assert sums.n_samples == present.sum()
        np.testing.assert_array_equal(sums.used, present @ (one.variances(j) > 0))
        np.testing.assert_array_equal(sums.entries, one.seen[j].sum(axis=0))
    np.testing.assert_allclose(np.concatenate(list(pool.states())), exact_step(one), rtol=1e-8, atol=1e-12)
    half = first.times(0.5)
    assert (half + half).evidence == pytest.approx(first.evidence)
    np.testing.assert_allclose((half + half).each[0].second, first.each[0].second)


def dense(pool, model):
    """The samples of a pool in the units of its layout, with the scales that all begin with."""
    X, units = pool.source.values, model.layout.units
    y = [X[:, part.columns] / unit for part, unit in zip(model.layout.parts, units, strict=True)]
    seen = [~np.isnan(one) for one in y]
    noises, n_scales = list(model.noises), model.links.n_scales
    level = max(ENERGY / n_scales, ABOVE * min(noises))
    gamma = np.full((len(X), n_scales), level)
    return Drawn(model.links, list(model.atoms), noises, [np.nan_to_num(one) for one in y], seen, gamma)


def test_units_give_a_sample_the_energy_of_one():
    pool, model = drawn(3, "separate", "entries")
    for y, seen in zip(dense(pool, model).y, dense(pool, model).seen, strict=True):
        assert np.sum(y**2) / seen.sum() * y.shape[1] == pytest.approx(1)


# The step over dictionaries -----------------------------------------------------------------------------------------


@st.composite
def updates(draw):
    """Atoms and sums; rows have length one over the features, and labels may follow them."""
    m, n_signal, n_labels = draw(st.integers(1, 9)), draw(st.integers(1, 8)), draw(st.integers(0, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    atoms = rng.normal(size=(m, n_signal + n_labels))
    atoms = unit_rows(atoms, n_signal, atoms)
    codes = rng.normal(size=(draw(st.integers(1, 30)), m)) * (rng.random(m) < 0.8)
    second = codes.T @ codes + np.diag(rng.exponential(size=m) * (rng.random(m) < 0.7))
    cross = codes.T @ rng.normal(size=(len(codes), atoms.shape[1]))
    return (
        atoms,
        ModalitySums(second, cross, float(len(codes)), np.ones(m), np.full(atoms.shape[1], float(len(codes)))),
        n_signal,
    )


@given(updates())
@settings(max_examples=150)
def test_no_step_makes_anything_worse(update):
    atoms, sums, n_signal = update
    before, slack = gain(atoms, sums), 1e-10 * (1 + np.abs(sums.cross).sum() + np.abs(sums.second).sum())
    for new in (better(atoms, sums, n_signal), coordinate_round(atoms, sums.second, sums.cross, n_signal)):
        assert gain(new, sums) >= before - slack
        np.testing.assert_allclose(np.linalg.norm(new[:, :n_signal], axis=1), 1)
        assert np.all(np.isfinite(new))


@given(updates())
def test_the_gain_by_definition(update):
    """ln p(Y, X | D) as far as it depends on D, times the noise: -sum |y - D' x|² / 2 without |y|²."""
    atoms, sums, _ = update
    expected = np.trace(sums.cross @ atoms.T) - np.trace(atoms.T @ sums.second @ atoms) / 2
    assert gain(atoms, sums) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(updates(), st.integers(0, 2**20))
def test_no_other_atom_of_its_length_is_better_than_that_of_a_coordinate_step(update, seed):
    atoms, sums, n_signal = update
    m = len(atoms) - 1  # the last one that is set: the others stay as they are then
    new = coordinate_round(atoms, sums.second, sums.cross, n_signal)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        other = new.copy()
        other[m] += rng.normal(size=other.shape[1]) * 10.0 ** rng.uniform(-4, 0)
        other = unit_rows(other, n_signal, other) if n_signal == other.shape[1] else _of_length_one(other, m, n_signal)
        assert gain(other, sums) <= gain(new, sums) + 1e-9 * (1 + np.abs(sums.cross).sum() + sums.second.trace())


def _of_length_one(atoms, m, n_signal):
    atoms[m, :n_signal] /= np.linalg.norm(atoms[m, :n_signal])
    return atoms


def test_least_squares_go_the_whole_way_where_lengths_allow_it():
    """Codes that are known and samples without noise give the dictionary in one step."""
    rng = np.random.default_rng(0)
    atoms, codes = rng.normal(size=(6, 9)), rng.normal(size=(50, 6))
    atoms = unit_rows(atoms, 9, atoms)
    sums = ModalitySums(codes.T @ codes, codes.T @ codes @ atoms, 50.0, np.ones(6), np.full(9, 50.0))
    start = rng.normal(size=(6, 9))
    np.testing.assert_allclose(better(unit_rows(start, 9, start), sums, 9), atoms, atol=1e-7)


def test_an_atom_that_nobody_uses_stays():
    rng = np.random.default_rng(0)
    atoms, codes = rng.normal(size=(4, 5)), rng.normal(size=(20, 4))
    atoms, codes[:, 2] = unit_rows(atoms, 5, atoms), 0
    sums = ModalitySums(codes.T @ codes, codes.T @ rng.normal(size=(20, 5)), 20.0, np.ones(4), np.full(5, 20.0))
    for new in (better(atoms, sums, 5), coordinate_round(atoms, sums.second, sums.cross, 5)):
        np.testing.assert_array_equal(new[2], atoms[2])
        assert np.all(new[[0, 1, 3]] != atoms[[0, 1, 3]])


def test_rows_of_length_one_and_what_stands_in_for_those_that_have_none():
    rows, otherwise = np.array([[3.0, 4.0, 10.0], [0, 0, 1], [np.nan, 1, 1]]), np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(unit_rows(rows, 2, otherwise), [[0.6, 0.8, 2.0], otherwise[1], otherwise[2]])
