"""Classes from several sensors: heads by definition, planted classes, and what is told on the way."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

import laconic
from laconic.estimators.modal_head import Codes, Head, fitted

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


# The head -----------------------------------------------------------------------------------------------------------


def drawn(n=40, seed=0):
    rng = np.random.default_rng(seed)
    mean, steady = ([rng.standard_normal((n, m)) for m in (3, 4)] for _ in range(2))
    there = rng.random((n, 2)) < 0.7
    there[~there.any(axis=1), 0] = True
    blank = [[one * there[:, [j]] for j, one in enumerate(several)] for several in (mean, steady)]
    return Codes(blank[0], [np.zeros_like(one) for one in mean], blank[1], there)


def test_logits_are_sums_over_the_modalities_that_are_there():
    rng, codes = np.random.default_rng(1), drawn()
    above, below, steady = ([rng.standard_normal((m, 3)) for m in (3, 4)] for _ in range(3))
    head = Head(above, below, steady, rng.standard_normal((2, 3)), rng.standard_normal(3))
    for i, found in enumerate(head.probabilities(codes)):
        logits = head.base.copy()
        for j in np.flatnonzero(codes.present[i]):
            x, z = codes.mean[j][i], codes.steady[j][i]
            logits += head.intercepts[j] + z @ steady[j]
            logits += np.where(x > 0, x, 0) @ above[j] + np.where(x < 0, -x, 0) @ below[j]
        np.testing.assert_allclose(np.log(found), log_softmax(logits), atol=1e-10)


def test_the_less_sure_codes_are_the_closer_are_classes():
    rng, codes = np.random.default_rng(2), drawn()
    weights = [[rng.standard_normal((m, 3)) for m in (3, 4)] for _ in range(3)]
    head = Head(*weights, np.zeros((2, 3)), np.zeros(3))
    unsure = Codes(codes.mean, [one + 4.0 for one in codes.variance], codes.steady, codes.present)
    entropy = [-np.sum(p * np.log(p), axis=1).mean() for p in map(head.probabilities, (codes, unsure))]
    assert entropy[1] > entropy[0]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_heads_are_what_scikit_learn_fits(n_classes):
    """Taken apart by modality, weights give the probabilities of the whole regression."""
    codes, labels = drawn(60), np.arange(60) % n_classes
    head = fitted([codes], labels, n_classes, C=0.5, seed=0)
    sizes = [[np.sqrt(np.mean(one**2)) for one in several] for several in (codes.mean, codes.steady)]
    rows = []
    for j in range(2):
        x, z = codes.mean[j] / sizes[0][j], codes.steady[j] / sizes[1][j]
        rows += [np.maximum(x, 0), np.maximum(-x, 0), z]
    rows = np.hstack([*rows, codes.present])
    expected = LogisticRegression(C=0.5, max_iter=2000).fit(rows, labels).predict_proba(rows)
    np.testing.assert_allclose(head.probabilities(codes), expected, atol=1e-8)
