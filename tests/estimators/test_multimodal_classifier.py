"""Classes from several sensors: heads by definition, planted classes, and what is told on the way."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

import laconic
from laconic.estimators.modal_head import Head, Inputs, Panel, panel

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def planted(n=150, seed=0):
    """Return samples of three classes, each with atoms of its own that both sensors see, and their classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    codes = rng.standard_normal((n, 6)) * (np.arange(6)[None, :] // 2 == y[:, None])
    atoms = {name: rng.standard_normal((6, p)) for name, p in (("a", 7), ("b", 8))}
    return {name: codes @ D + 0.05 * rng.standard_normal((n, D.shape[1])) for name, D in atoms.items()}, y


def model(**options):
    small = {"sparsity": 2, "cycles": 1, "max_iter": 15, "random_state": 0} | options
    return laconic.MultimodalDictionaryClassifier(6, **small)


def without(X, name):
    return {key: np.full_like(one, np.nan) if key == name else one for key, one in X.items()}


@pytest.mark.parametrize("label_noise", [None, 0.1])
def test_classes_that_use_atoms_of_their_own_are_told_apart(label_noise):
    X, y = planted()
    fit = model(label_noise=label_noise).fit({name: one[:100] for name, one in X.items()}, y[:100])
    rest = {name: one[100:] for name, one in X.items()}
    assert fit.score(rest, y[100:]) >= 0.9
    assert fit.score(without(rest, "a"), y[100:]) >= 0.75
    assert fit.score({"a": rest["a"]}, y[100:]) >= 0.75


def test_probabilities_are_of_all_and_less_sure_without_a_sensor():
    X, y = planted()
    fit = model().fit(X, y)
    sure = [fit.predict_proba(one) for one in (X, without(X, "b"))]
    for one in sure:
        np.testing.assert_allclose(one.sum(axis=1), 1)
    assert sure[0].max(axis=1).mean() > sure[1].max(axis=1).mean()
    np.testing.assert_allclose(np.exp(fit.predict_log_proba(X)), sure[0])


def test_whoever_watches_is_told_of_steps_with_labels():
    ticks, (X, y) = [], planted(60)
    model(on_iteration=ticks.append).fit(X, y)
    steps = [tick for tick in ticks if tick.stage == "labels"]
    assert [tick.iteration for tick in steps] == list(range(1, len(steps) + 1))
    assert len(steps) <= steps[0].limit == 15
    assert ticks[-1].stage == "labels"


def test_names_of_classes_do_not_matter():
    X, y = planted(60)
    numbers, words = model().fit(X, y), model().fit(X, np.array(["x", "yy", "z"])[y])
    assert list(words.classes_) == ["x", "yy", "z"]
    np.testing.assert_array_equal(words.predict_proba(X), numbers.predict_proba(X))


def test_a_class_that_no_sample_with_a_sensor_has_can_still_be_found():
    X, y = planted()
    X["b"][y == 2] = np.nan
    fit = model().fit(X, y)
    assert fit.score({"a": planted()[0]["a"]}, y) >= 0.75
    found = fit.predict_proba({"b": planted()[0]["b"]})
    assert np.all((found[:, 2] > 0) & (found[:, 2] < 0.5))


def test_samples_without_any_sensor_get_the_shares_of_the_classes():
    X, y = planted()
    X, y = {name: one[:125] for name, one in X.items()}, np.minimum(y[:125], 1)
    nothing = {name: np.full_like(one[:2], np.nan) for name, one in X.items()}
    np.testing.assert_allclose(model().fit(X, y).predict_proba(nothing), [np.bincount(y) / 125] * 2)


def test_heads_see_features_as_scaled_and_what_codes_say_of_missing_ones():
    X, y = planted()
    X["a"][::3, 2] = np.nan
    fit = model().fit(X, y)
    seen = fit._inputs_of(fit._source(X, reset=False).block(0))
    filled = fit.reconstruct(X)[:, :7]
    whole = np.where(np.isnan(X["a"]), filled, X["a"])
    mean, spread = np.nanmean(X["a"], axis=0), np.nanstd(X["a"], axis=0)
    np.testing.assert_allclose(seen[0].features, (whole - mean) / spread, atol=1e-9)


# The head -----------------------------------------------------------------------------------------------------------


def drawn(n=60, seed=0):
    """Return inputs of two modalities, of which a sample has one at least."""
    rng = np.random.default_rng(seed)
    there = rng.random((n, 2)) < 0.7
    there[~there.any(axis=1), 0] = True
    sizes = ((3, 5), (4, 2))
    sets = [(rng.standard_normal((n, m)), rng.standard_normal((n, p)) * 10) for m, p in sizes]
    return [Inputs(x, np.zeros_like(x), z, there[:, j]) for j, (x, z) in enumerate(sets)]


def random_head(one, rng, n_classes=3):
    m, p = one.mean.shape[1], one.features.shape[1]
    above, below, features = (rng.standard_normal((k, n_classes)) for k in (m, m, p))
    return Head(above, below, features / 10, rng.standard_normal(n_classes), np.zeros((n_classes, n_classes)))


def test_classes_are_voted_by_the_modalities_that_are_there():
    rng, several = np.random.default_rng(1), drawn()
    heads = [random_head(one, rng) for one in several]
    for i, found in enumerate(Panel(heads, np.full(3, 1 / 3)).probabilities(several)):
        votes = []
        for head, one in zip(heads, several, strict=True):
            if one.present[i]:
                x = one.mean[i]
                logits = np.where(x > 0, x, 0) @ head.above + np.where(x < 0, -x, 0) @ head.below
                votes.append(log_softmax(logits + one.features[i] @ head.features + head.intercept))
        np.testing.assert_allclose(np.log(found), log_softmax(np.mean(votes, axis=0)), atol=1e-10)


def test_the_less_sure_codes_are_the_closer_are_classes():
    rng, several = np.random.default_rng(2), drawn()
    whole = Panel([random_head(one, rng) for one in several], np.full(3, 1 / 3))
    unsure = [Inputs(one.mean, one.variance + 4.0, one.features, one.present) for one in several]
    entropy = [-np.sum(p * np.log(p), axis=1).mean() for p in map(whole.probabilities, (several, unsure))]
    assert entropy[1] > entropy[0]


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_variances_give_the_expected_softmax(n_classes):
    """The mean over many draws of the codes, closely, and more closely than their mean does."""
    rng = np.random.default_rng(n_classes)
    weights = rng.standard_normal((4, n_classes))
    head = Head(weights, -weights, np.zeros((0, n_classes)), np.zeros(n_classes), np.zeros((n_classes, n_classes)))
    x, std = rng.standard_normal((20, 4)), rng.uniform(0.1, 0.8, (20, 4))
    draws = x[:, None] + std[:, None] * rng.standard_normal((20, 20_000, 4))
    expected = softmax(draws @ weights, axis=2).mean(axis=1)
    inputs = Inputs(x, std**2, np.zeros((20, 0)), np.ones(20, bool))
    away, naive = np.exp(head.log_probabilities(inputs)) - expected, softmax(head.logits(inputs), axis=1) - expected
    assert np.abs(away).max() < (0.02 if n_classes == 2 else 0.07)
    assert np.abs(away).mean() < 0.7 * np.abs(naive).mean()


def test_codes_as_unsure_as_usual_change_nothing():
    rng = np.random.default_rng(4)
    one = Inputs(rng.standard_normal((80, 3)), np.full((80, 3), 0.7), rng.standard_normal((80, 5)), np.ones(80, bool))
    one = Inputs(np.abs(one.mean), one.variance, one.features, one.present)
    head = panel([one], np.arange(80) % 3, 3, 1.0, 0).heads[0]
    logs = log_softmax(head.logits(one), axis=1)
    np.testing.assert_allclose(head.log_probabilities(one), logs, atol=1e-10)
    sharper = head.log_probabilities(Inputs(one.mean, one.variance / 9, one.features, one.present))
    assert np.all(sharper.max(axis=1) >= logs.max(axis=1))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_heads_are_what_scikit_learn_fits(n_classes):
    """In units of the data, weights give the probabilities of a regression on inputs of size one."""
    several, labels = drawn(90), np.arange(90) % n_classes
    for one, head in zip(several, panel(several, labels, n_classes, C=0.5, seed=0).heads, strict=True):
        size, usual = (np.sqrt(np.mean(each[one.present] ** 2)) for each in (one.mean, one.features))
        x = one.mean / size
        rows = np.hstack([np.maximum(x, 0), np.maximum(-x, 0), one.features / usual])
        expected = LogisticRegression(C=0.5, tol=1e-8).fit(rows[one.present], labels[one.present]).predict_proba(rows)
        np.testing.assert_allclose(np.exp(head.log_probabilities(one)), expected, atol=2e-3)


def test_the_strength_is_that_of_the_best_fold_loss():
    """Noise alone: the strongest penalty. Classes that features tell apart: a weak one."""
    rng, labels = np.random.default_rng(3), np.arange(90) % 3
    noise = Inputs(rng.standard_normal((90, 4)), np.zeros((90, 4)), rng.standard_normal((90, 30)), np.ones(90, bool))
    told = Inputs(noise.mean, noise.variance, noise.features + 4 * np.eye(30)[labels], noise.present)
    weights = [np.abs(panel([one], labels, 3, None, 0).heads[0].features).max() for one in (noise, told)]
    assert weights[0] < 0.05
    assert weights[1] > 0.3


def test_one_sample_of_a_class_is_enough():
    inputs = drawn(21)
    labels = np.r_[np.zeros(10, int), np.ones(10, int), 2]
    found = panel(inputs, labels, 3, None, 0).probabilities(inputs)
    np.testing.assert_allclose(found.sum(axis=1), 1)
