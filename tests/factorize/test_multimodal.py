"""Dictionaries of several modalities: what was planted is found, however samples are held, cut, scaled or ordered."""

import copy
import sys
from functools import cache

import numpy as np
import pytest
from blocks.sources import Sliced, pieces, saved
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from laconic import MultimodalDictionary
from laconic.datasets import make_sensors
from laconic.factorize.multimodal import Tick
from laconic.factorize.multimodal.noise import refined
from laconic.factorize.multimodal.samples import Samples
from laconic.sbl.coupling import Groups, Tree

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SLOW = pytest.mark.slow
SIZES = {"n_features": (16, 16), "n_atoms": 20, "n_nonzero": 2, "snr": (20.0, 10.0)}
PLANTED = make_sensors(500, **SIZES, random_state=1)
SMALL = make_sensors(160, (6, 5), 8, 1, snr=(20.0, 10.0))
WHOLE = np.hstack(list(SMALL.X.values()))
HOLES = np.where(np.random.default_rng(1).random(WHOLE.shape) < 0.08, np.nan, WHOLE)
HOLES[::5, 6:] = np.nan
COLUMNS = {"a": slice(0, 6), "b": slice(6, 11)}


def learned(X, n_atoms=8, **options):
    """A quick fit of the small problem; a dict of modalities goes without their columns."""
    known = {"noise": SMALL.noise, "sparsity": 1, "cycles": 0, "max_iter": 5, "random_state": 0}
    columns = None if isinstance(X, dict) else COLUMNS
    return MultimodalDictionary(n_atoms, **{"modalities": columns, **known, **options}).fit(X)


@cache
def plain(noise=None, **options):
    """The fit that others are compared with; `noise` is as known unless it is given."""
    return learned(HOLES, **({} if noise is None else {"noise": noise}), **options)


def found_share(model, planted, threshold=0.97):
    """The share of planted atoms that each modality has found."""
    pairs = ((model.components_[name], atoms) for name, atoms in planted.components.items())
    return [float(np.mean(np.abs(found @ atoms.T).max(axis=0) > threshold)) for found, atoms in pairs]


def assert_same(one, two, atol=1e-6):
    for name, atoms in one.components_.items():
        np.testing.assert_allclose(two.components_[name], atoms, atol=atol)
        assert two.noise_[name] == pytest.approx(one.noise_[name], rel=max(atol, 1e-12))
        np.testing.assert_allclose(two.energy_[name], one.energy_[name], rtol=max(atol, 1e-12) * 10)
    assert two.log_likelihood_ == pytest.approx(one.log_likelihood_, rel=max(atol, 1e-10))


# What is planted ----------------------------------------------------------------------------------------------------


def test_dictionaries_that_were_planted_are_found():
    planted = make_sensors(600, n_atoms=25, n_nonzero=3, snr=(30.0, 10.0))
    model = MultimodalDictionary(25, noise=planted.noise, sparsity=2, cycles=1, random_state=0).fit(planted.X)
    assert min(found_share(model, planted, 0.99)) >= 0.9
    assert model.noise_ == pytest.approx(planted.noise)
    for name in "ab":
        np.testing.assert_allclose(np.linalg.norm(model.components_[name], axis=1), 1)
        assert 3 / 25 < model.usage_[name].mean() < 2 * 3 / 25  # what is above the noise at all counts as used
        np.testing.assert_allclose(model.energy_[name].mean(), 3 / 25, rtol=0.25)  # codes in use are standard normal


def test_noise_that_is_not_known_is_found_with_them():
    model = MultimodalDictionary(20, sparsity=2, cycles=1, random_state=0).fit(PLANTED.X)
    assert min(found_share(model, PLANTED)) >= 0.9
    for name, noise in PLANTED.noise.items():
        assert model.noise_[name] == pytest.approx(noise, rel=0.3)


@pytest.mark.slow
def test_everything_is_found_by_default():
    for seed in range(3):
        planted = make_sensors(600, n_atoms=25, n_nonzero=3, snr=(20.0, 10.0), random_state=seed)
        model = MultimodalDictionary(25, random_state=0).fit(planted.X)
        assert min(found_share(model, planted)) >= 0.9
        for name, noise in planted.noise.items():
            assert model.noise_[name] == pytest.approx(noise, rel=0.25)


def test_a_clean_modality_helps_a_noisy_one():
    planted = make_sensors(300, (16, 16), 20, 2, snr=(30.0, 3.0))
    options = {"noise": planted.noise, "sparsity": 2, "cycles": 1, "random_state": 0}
    together, apart = (
        MultimodalDictionary(20, coupling=one, **options).fit(planted.X) for one in ("one-to-one", "separate")
    )
    assert found_share(together, planted, 0.95)[1] >= found_share(apart, planted, 0.95)[1] + 0.1


def test_trees_and_groups_are_found():
    tree = make_sensors(500, (8, 16), (8, 16), 2, snr=(20.0, 15.0), tree=True)
    options = {"noise": tree.noise, "sparsity": 2, "cycles": 1, "random_state": 0}
    model = MultimodalDictionary({"a": 8, "b": 16}, coupling=Tree((tree.parents,)), **options).fit(tree.X)
    assert min(found_share(model, tree, 0.95)) >= 0.85
    np.testing.assert_array_equal(model.links_["a"], tree.links["a"])
    groups = make_sensors(500, (12, 20), (8, 16), 1, snr=(20.0, 15.0), groups=8)
    options |= {"noise": groups.noise, "sparsity": 1}
    model = MultimodalDictionary((8, 16), coupling="groups", **options).fit(groups.X)
    assert found_share(model, groups)[0] >= 0.85
    planes = groups.components["b"].reshape(8, 2, 20)  # of two atoms of a group only their plane can be known
    best = [max(overlap(plane, other) for other in model.components_["b"].reshape(8, 2, 20)) for plane in planes]
    assert np.mean(np.array(best) > 0.9) >= 0.85


def overlap(plane, other):
    """The smaller cosine of the angles between two planes."""
    bases = [np.linalg.qr(one.T)[0] for one in (plane, other)]
    return np.linalg.svd(bases[0].T @ bases[1])[1].min()


def test_the_plain_algorithm_works_too():
    model = learned(WHOLE, method="reference", max_iter=8, tol=0.0)
    assert np.mean(found_share(model, SMALL, 0.9)) > 0.4
    assert np.all(np.diff(model.trace_[-7:]) > -1e-6)  # at the noises that were given
    assert model.sparsity_ is None


def test_samples_that_lack_a_modality_teach_the_others():
    missing = make_sensors(500, **SIZES, random_state=1, missing=0.4)
    options = {"noise": missing.noise, "sparsity": 2, "cycles": 1, "random_state": 0}
    model = MultimodalDictionary(20, **options).fit(missing.X)
    assert min(found_share(model, missing)) >= 0.9
    there = ~np.isnan(missing.X["b"]).any(axis=1)
    few = MultimodalDictionary(20, **options).fit({name: one[there] for name, one in missing.X.items()})
    clean = [np.mean(1 - np.abs(m.components_["a"] @ missing.components["a"].T).max(axis=0)) for m in (model, few)]
    assert clean[0] < clean[1]


def test_entries_that_are_missing_here_and_there():
    X = np.hstack(list(PLANTED.X.values()))
    X[np.random.default_rng(0).random(X.shape) < 0.15] = np.nan
    columns = {"a": slice(0, 16), "b": slice(16, 32)}
    options = {"noise": PLANTED.noise, "sparsity": 2, "cycles": 1, "random_state": 0}
    model = MultimodalDictionary(20, modalities=columns, **options).fit(X)
    assert min(found_share(model, PLANTED)) >= 0.9


# The same seed ------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_answer():
    for one in (plain(), plain(noise="auto")):
        two = learned(HOLES, noise=one.noise)
        assert_same(one, two, 0)
        np.testing.assert_array_equal(one.trace_, two.trace_)
    assert not np.array_equal(plain().components_["a"], learned(HOLES, random_state=1).components_["a"])


def test_threads_change_nothing():
    results = []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            model = learned(np.repeat(HOLES, 3, axis=0), cycles=0, max_iter=3)
            results.append([model.components_["a"], model.components_["b"], model.transform(HOLES)])
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_several_starts_end_at_the_likeliest():
    one, best = (learned(WHOLE, n_init=count, cycles=0) for count in (1, 3))
    assert best.log_likelihood_ >= one.log_likelihood_ - 0.05


# How samples are held -----------------------------------------------------------------------------------------------

HELD = {
    "map": saved,
    "map float32": lambda values, folder: saved(values.astype(np.float32), folder),
    "sliced": lambda values, _: Sliced(values),
    "pieces": lambda values, _: pieces(values, sizes=(40, 50, 3)),
}


@pytest.mark.parametrize(
    "name", ["map", "pieces", *(pytest.param(one, marks=SLOW) for one in ("map float32", "sliced"))]
)
def test_what_is_read_is_an_array_bit_for_bit(name, tmp_path):
    dtype = np.float32 if "float32" in name else np.float64
    options = {"block_size": 100, "max_iter": 2}
    array, model = learned(HOLES.astype(dtype), **options), learned(HELD[name](HOLES, tmp_path), **options)
    assert_same(array, model, 0)
    assert np.array_equal(model.trace_, array.trace_)
    assert np.array_equal(model.transform(HELD[name](HOLES, tmp_path)), array.transform(HOLES.astype(dtype)))


@pytest.mark.parametrize(("size", "noise"), [pytest.param(159, None, marks=SLOW), (37, "auto")])
def test_the_size_of_blocks_changes_nothing_but_rounding(size, noise):
    whole = plain(noise)
    cut = learned(HOLES, block_size=size, **({} if noise is None else {"noise": noise}))
    assert_same(whole, cut)
    np.testing.assert_allclose(cut.trace_, whole.trace_, rtol=1e-6)
    np.testing.assert_allclose(cut.transform(HOLES), whole.transform(HOLES), atol=1e-5)


def test_memory_decides_the_size_of_blocks(tmp_path):
    assert_same(plain(), learned(HOLES, memory="64KB"))
    assert_same(plain(), learned(saved(HOLES, tmp_path), memory="64KB"))


def test_scales_that_would_take_too_much_memory_are_found_anew(monkeypatch):
    monkeypatch.setattr(sys.modules["laconic.estimators.multimodal_settings"], "SCALES", np.inf)
    anew = learned(HOLES, block_size=40)
    for name, atoms in plain().components_.items():
        assert np.abs(np.sum(atoms * anew.components_[name], axis=1)).min() > 0.99


def test_tensors_are_arrays():
    torch = pytest.importorskip("torch")
    array, model = (learned(one, cycles=0, max_iter=3) for one in (HOLES, torch.tensor(HOLES)))
    assert_same(array, model)
    codes = model.transform(torch.tensor(HOLES[:30]))
    assert isinstance(codes, torch.Tensor)
    np.testing.assert_allclose(codes, array.transform(HOLES[:30]), atol=1e-5)
    means, stds = model.codes(torch.tensor(HOLES[:30]), return_std=True)
    np.testing.assert_allclose(stds["b"], array.codes(HOLES[:30], return_std=True)[1]["b"], atol=1e-5)
    assert isinstance(means["a"], torch.Tensor)
    for one, other in zip(
        model.reconstruct(torch.tensor(HOLES[:30]), return_std=True),
        array.reconstruct(HOLES[:30], return_std=True),
        strict=True,
    ):
        assert isinstance(one, torch.Tensor)
        np.testing.assert_allclose(one, other, atol=1e-5)
    back = model.inverse_transform(codes)
    assert isinstance(back, torch.Tensor)
    np.testing.assert_allclose(back, array.inverse_transform(array.transform(HOLES[:30])), atol=1e-5)
    assert model.score(torch.tensor(HOLES[:30])) == pytest.approx(array.score(HOLES[:30]), rel=1e-6)


# Units, single precision, order --------------------------------------------------------------------------------------


SCALES = [("known", 1e-6), ("known", 1e6), pytest.param("auto", 1e-100, marks=SLOW)]


@pytest.mark.parametrize(("noise", "scale"), SCALES)
def test_units_change_codes_and_noise_alone(noise, scale):
    known = {name: one * scale**2 for name, one in SMALL.noise.items()}
    base = plain(None if noise == "known" else noise)
    model = learned(HOLES * scale, noise=known if noise == "known" else noise)
    for name, atoms in base.components_.items():
        np.testing.assert_allclose(model.components_[name], atoms, atol=1e-6)
        assert model.noise_[name] / scale**2 == pytest.approx(base.noise_[name], rel=1e-6)
    np.testing.assert_allclose(model.transform(HOLES * scale) / scale, base.transform(HOLES), atol=1e-6)
    shift = np.mean(np.sum(~np.isnan(HOLES), axis=1)) * np.log(scale)  # densities are per unit
    assert model.log_likelihood_ + shift == pytest.approx(base.log_likelihood_, rel=1e-6)
    assert model.score(HOLES * scale) + shift == pytest.approx(base.score(HOLES), rel=1e-6)


def test_a_power_of_two_changes_nothing_at_all():
    noise = {name: one * 2.0**40 for name, one in SMALL.noise.items()}
    base, model = plain(), learned(HOLES * 2.0**20, noise=noise)
    for name, atoms in base.components_.items():
        np.testing.assert_array_equal(model.components_[name], atoms)
    np.testing.assert_array_equal(model.transform(HOLES * 2.0**20), base.transform(HOLES) * 2.0**20)


def test_each_modality_has_units_of_its_own():
    other = HOLES * np.r_[np.full(6, 1e4), np.full(5, 1e-5)]
    model = learned(other, noise={"a": SMALL.noise["a"] * 1e8, "b": SMALL.noise["b"] * 1e-10})
    for name, atoms in plain().components_.items():
        np.testing.assert_allclose(model.components_[name], atoms, atol=1e-6)


def test_single_precision_stays_and_is_near():
    base, model = plain(), learned(HOLES.astype(np.float32))
    codes = model.transform(HOLES.astype(np.float32))
    assert codes.dtype == model.components_["a"].dtype == np.float32
    assert model.inverse_transform(codes).dtype == model.reconstruct(HOLES.astype(np.float32)).dtype == np.float32
    for name, atoms in base.components_.items():
        np.testing.assert_allclose(model.components_[name], atoms, atol=1e-3)
    np.testing.assert_allclose(codes, base.transform(HOLES), atol=1e-2)


def test_where_columns_are_changes_nothing():
    order = np.random.default_rng(0).permutation(11)
    places = {"a": np.argsort(order)[:6], "b": np.argsort(order)[6:]}
    base, model = plain(), learned(HOLES[:, order], modalities=places)
    assert_same(base, model, 0)
    np.testing.assert_array_equal(model.transform(HOLES[:, order]), base.transform(HOLES))
    np.testing.assert_array_equal(model.reconstruct(HOLES[:, order]), base.reconstruct(HOLES)[:, order])
    back = model.inverse_transform(model.transform(HOLES[:, order]))
    np.testing.assert_array_equal(back, base.inverse_transform(base.transform(HOLES))[:, order])
    parts = {"b": HOLES[:, 6:], "a": HOLES[:, :6]}  # in another order than the modalities of the fit
    np.testing.assert_array_equal(model.transform(parts), base.transform(HOLES))
    np.testing.assert_array_equal(model.transform({"b": HOLES[:, 6:]}), base.transform({"b": HOLES[:, 6:]}))


def test_modalities_in_another_order_are_found_as_well():
    turned = {"b": slice(6, 11), "a": slice(0, 6)}
    noise = {"b": SMALL.noise["b"], "a": SMALL.noise["a"]}
    model = learned(WHOLE, modalities=turned, noise=noise)
    assert list(model.components_) == ["b", "a"]
    assert np.mean(found_share(model, SMALL, 0.9)) >= 0.8
    assert model.get_feature_names_out()[0] == "b0"
    np.testing.assert_array_equal(model.transform(WHOLE)[:, :8], model.codes(WHOLE)["b"])


def test_one_array_a_dict_and_a_list_are_the_same():
    parts = [HOLES[:, :6], HOLES[:, 6:]]
    assert_same(plain(), learned({"a": parts[0], "b": parts[1]}), 0)
    listed = learned(parts, modalities=None, noise=list(SMALL.noise.values()))
    assert list(listed.components_) == ["0", "1"]
    np.testing.assert_array_equal(listed.components_["1"], plain().components_["b"])


# Features that are scaled -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scaling", "noise"), [("center", 0.02), ("standardize", "auto")])
def test_scaling_is_scaling_beforehand(scaling, noise):
    rng = np.random.default_rng(0)
    data = HOLES * rng.uniform(0.1, 10, 11) + rng.normal(size=11) * 10
    mean, by = np.nanmean(data, axis=0), np.ones(11) if scaling == "center" else np.nanstd(data, axis=0)
    before = (data - mean) / by
    options = {"noise": noise, "cycles": 0, "max_iter": 3}
    model, base = learned(data, scaling=scaling, **options), learned(before, **options)
    for name, atoms in base.components_.items():
        np.testing.assert_allclose(model.components_[name], atoms, atol=1e-6)
        assert model.noise_[name] == pytest.approx(base.noise_[name], rel=1e-6)
    np.testing.assert_allclose(model.transform(data), base.transform(before), atol=1e-6)
    (found, std), (value, deviation) = (m.reconstruct(X, return_std=True) for m, X in ((model, data), (base, before)))
    np.testing.assert_allclose(found, value * by + mean, atol=1e-5)
    np.testing.assert_allclose(std, deviation * by, atol=1e-5)
    lost = np.mean(~np.isnan(data) @ np.log(by))
    assert model.score(data) == pytest.approx(base.score(before) - lost, rel=1e-6)
    assert model.log_likelihood_ == pytest.approx(base.log_likelihood_ - lost, rel=1e-6)


# More samples -------------------------------------------------------------------------------------------------------


def test_batches_make_dictionaries_better():
    stream = make_sensors(2500, **SIZES, random_state=2)
    batches = [{name: one[first : first + 250] for name, one in stream.X.items()} for first in range(0, 2500, 250)]
    model = MultimodalDictionary(20, noise=stream.noise, sparsity=2, cycles=0, random_state=0)
    errors = []
    for count, batch in enumerate(batches, 1):
        assert model.partial_fit(batch) is model
        assert model.n_batches_ == count
        cosines = np.abs(model.components_["b"] @ stream.components["b"].T).max(axis=0)
        errors.append(float(np.median(1 - cosines)))
    assert errors[-1] < 0.5 * errors[0]
    assert min(found_share(model, stream)) >= 0.9
    assert model.noise_ == pytest.approx(stream.noise)


def test_the_first_batch_is_a_fit_and_a_fit_goes_on_as_a_stream():
    first, second = HOLES[:100], HOLES[100:]
    one = learned(first)
    two = MultimodalDictionary(**one.get_params()).partial_fit(first)
    assert_same(one, two, 0)
    for model in (one, two):
        model.partial_fit(second)
    assert_same(one, two, 0)
    assert one.n_batches_ == 2
    assert one.n_features_in_ == 11
    one.fit(first)
    assert one.n_batches_ == 1
    assert_same(one, learned(first), 0)


def test_a_batch_may_lack_modalities():
    model = copy.deepcopy(plain())
    before = {name: atoms.copy() for name, atoms in model.components_.items()}
    model.partial_fit({"a": WHOLE[:, :6]})
    np.testing.assert_allclose(model.components_["b"], before["b"], atol=1e-6)
    assert not np.array_equal(model.components_["a"], before["a"])


# What is told -------------------------------------------------------------------------------------------------------


def test_whoever_watches_is_told_of_every_step():
    ticks = []
    model = learned(WHOLE, on_iteration=ticks.append, sparsity=None, cycles=2)
    assert all(isinstance(tick, Tick) for tick in ticks)
    stages = [tick.stage for tick in ticks]
    assert sorted(set(stages), key=stages.index) == ["warm start", "cycle", "final"]
    assert stages.count("cycle") == 2
    final = [tick for tick in ticks if tick.stage == "final"]
    assert [tick.iteration for tick in final] == list(range(1, model.n_iter_ + 1))
    assert [tick.objective for tick in final] == list(model.trace_)
    assert final[-1].change == model.result_.gap
    assert all(tick.iteration <= tick.limit for tick in ticks)


def test_a_fit_that_is_cut_short_warns():
    with pytest.warns(ConvergenceWarning, match="MultimodalDictionary: the number of iterations was used up"):
        learned(WHOLE, max_iter=1)
    assert learned(WHOLE, max_iter=1).n_iter_ == 1
    done = learned(WHOLE, tol=0.5)
    assert done.result_.status == "converged"
    assert done.result_.gap <= 0.5


def test_default_coupling_of_groups_needs_no_numbers_that_fit():
    model = learned(WHOLE, (5, 8), coupling=Groups(), max_iter=3)
    assert model.n_atoms_ == {"a": 5, "b": 8}
    assert model.links_["b"].shape == (8, 5)


# The noise ----------------------------------------------------------------------------------------------------------


def test_the_noise_that_is_found_does_not_depend_on_where_the_search_begins():
    """With dictionaries known, each round of the search stands on the noise of the last one."""
    planted = make_sensors(300, (12, 12), n_atoms=16, n_nonzero=2, snr=(20, 10), random_state=3)
    model = MultimodalDictionary(16, noise=planted.noise, cycles=0, max_iter=1, tol=2.0, random_state=0)
    blank = model.fit(planted.X).result_.model
    truth = np.array(blank.noises)
    samples = Samples(blank.layout, np.hstack(list(planted.X.values())))
    atoms = [planted.components[name] for name in blank.layout.names]
    ends = []
    for factor in (0.2, 1.0, 5.0):
        begin = blank.with_atoms(atoms).with_noises(factor * truth)
        ends.append(refined(begin, samples, np.random.default_rng(0), rounds=10, folds=2).noises)
    np.testing.assert_allclose(ends, np.broadcast_to(ends[1], (3, 2)), rtol=0.02)
    np.testing.assert_allclose(ends[1], truth, rtol=0.35)
