"""However samples are held, cut into blocks, weighed or scaled, a fit finds the same."""

import numpy as np
import pytest
import scipy.sparse
from blocks.sources import Sliced, pieces, saved
from sklearn.exceptions import ConvergenceWarning

from laconic import SparseNMF
from laconic.datasets import make_factors

HASTY = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NAMES = [None, "rgdp", "laplacian", "student_t", "power_exponential"]
PRIORS = pytest.mark.parametrize("prior", NAMES)
X = make_factors(120, 12, 4, 2, random_state=1).X
THIN = np.maximum(X - 0.3, 0)
HOLES = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, THIN)


def fitted(held, prior="rgdp", weight=None, **options):
    model = SparseNMF(4, prior=prior, **{"random_state": 0, **options})
    return model, model.fit_transform(held, sample_weight=weight)


def assert_same(one, two, atol=1e-9):
    np.testing.assert_allclose(one[0].components_, two[0].components_, atol=atol)
    np.testing.assert_allclose(one[1], two[1], atol=10 * atol)
    assert one[0].result_.objective == pytest.approx(two[0].result_.objective, rel=1e-6)
    assert one[0].noise_ == (None if two[0].noise_ is None else pytest.approx(two[0].noise_, rel=1e-6))
    assert one[0].density_ == pytest.approx(two[0].density_, abs=1e-3)


def assert_near(one, two):
    """Two minima that mean the same: products are near each other, and atoms are alike."""
    products = [codes @ model.components_ for model, codes in (one, two)]
    assert np.linalg.norm(products[0] - products[1]) < 0.02 * np.linalg.norm(products[1])
    assert np.sum(one[0].components_ * two[0].components_, axis=1).min() > 0.995


# How they are held --------------------------------------------------------------------------------------------------


@PRIORS
@pytest.mark.parametrize("values", [THIN, HOLES], ids=["whole", "holes"])
def test_sparse_is_dense(prior, values):
    dense = fitted(values, prior)
    for kind in (scipy.sparse.csr_array, scipy.sparse.coo_matrix):
        found = fitted(kind(values), prior)
        assert_same(found, dense, 1e-8)
        np.testing.assert_allclose(found[0].transform(kind(values)), dense[0].transform(values), atol=1e-7)
        assert isinstance(found[1], np.ndarray)


HELD = {
    "map": saved,
    "map float32": lambda values, folder: saved(values.astype(np.float32), folder),
    "part of a map": lambda values, folder: saved(np.concatenate([values, values]), folder)[: len(values)],
    "columns in order": lambda values, folder: saved(np.asfortranarray(values), folder),
    "sliced": lambda values, _: Sliced(values),
    "pieces": lambda values, _: pieces(values, sizes=(40, 50, 3)),
}


@pytest.mark.parametrize("name", HELD)
def test_what_is_read_is_an_array_bit_for_bit(name, tmp_path):
    dtype = np.float32 if "float32" in name else np.float64
    plain, codes = fitted(HOLES.astype(dtype), block_size=64)
    model, found = fitted(HELD[name](HOLES, tmp_path), block_size=64)
    if name == "columns in order":  # products of columns are added up in another order
        np.testing.assert_allclose(model.components_, plain.components_, atol=1e-9)
        return
    assert np.array_equal(model.components_, plain.components_)
    assert np.array_equal(found, codes)
    assert np.array_equal(model.trace_, plain.trace_)
    assert np.array_equal(model.transform(HELD[name](HOLES, tmp_path)), plain.transform(HOLES.astype(dtype)))


def test_lists_frames_and_whole_numbers():
    pandas = pytest.importorskip("pandas")
    whole = np.rint(40 * X)
    plain = fitted(whole)
    for held in (whole.tolist(), pandas.DataFrame(whole), whole.astype(np.int64), whole.astype(np.uint8)):
        assert_same(fitted(held), plain, 1e-12)


@HASTY
@pytest.mark.parametrize("prior", [None, "laplacian"])
def test_tensors_are_arrays(prior):
    torch = pytest.importorskip("torch")
    for values in (THIN, HOLES):
        plain = fitted(values, prior)
        model, codes = fitted(torch.tensor(values), prior, weight=np.ones(120))
        assert_same((model, codes), plain, 1e-6)
        assert all(isinstance(one, torch.Tensor) for one in (codes, model.components_))
        found = model.transform(torch.tensor(values))
        assert isinstance(found, torch.Tensor)
        np.testing.assert_allclose(found, plain[0].transform(values), atol=1e-5)
        back = model.inverse_transform(found)
        assert isinstance(back, torch.Tensor)
        np.testing.assert_allclose(back, plain[0].inverse_transform(plain[0].transform(values)), atol=1e-5)
        assert isinstance(model.transform(values), np.ndarray)  # what is asked with numbers of another library


@pytest.mark.parametrize("prior", ["rgdp", "student_t", "power_exponential"])
def test_tensors_end_at_a_minimum_as_good(prior):
    torch = pytest.importorskip("torch")
    plain, _ = fitted(X, prior)
    dtype = torch.float64 if prior == "rgdp" else torch.float32
    model, codes = fitted(torch.tensor(X, dtype=dtype), prior)
    assert codes.dtype == model.components_.dtype == model.transform(torch.tensor(X, dtype=dtype)).dtype == dtype
    assert model.result_.objective <= 1.02 * plain.result_.objective
    assert np.sum(model.components_.numpy() * plain.components_, axis=1).min() > 0.999


@HASTY
@pytest.mark.parametrize("solver", ["hals", "multiplicative"])
def test_an_array_library_that_allows_nothing_else(solver):
    strict = pytest.importorskip("array_api_strict")
    for values in (THIN[:30], HOLES[:30]):
        options = {"prior": "laplacian", "solver": solver, "max_iter": 12, "block_size": 16}
        plain = fitted(values, **options)
        model, codes = fitted(strict.asarray(values), **options)
        assert type(codes) is type(model.components_) is type(strict.asarray(values))
        np.testing.assert_allclose(np.asarray(model.components_), plain[0].components_, atol=1e-6)


# Blocks, weights, units ---------------------------------------------------------------------------------------------


@PRIORS
def test_the_size_of_blocks_changes_nothing_but_rounding(prior):
    whole, codes = fitted(X, prior)
    for size in (1, 37, 64, 119) if prior == "rgdp" else (37,):
        model, found = fitted(X, prior, block_size=size)
        np.testing.assert_allclose(model.trace_[:40], whole.trace_[:40], rtol=1e-8)
        assert model.result_.objective == pytest.approx(whole.result_.objective, rel=1e-6)
        np.testing.assert_allclose(model.components_, whole.components_, atol=1e-6)
        np.testing.assert_allclose(found, codes, atol=1e-5)


def test_memory_decides_the_size_of_blocks(tmp_path):
    one, two = fitted(X, memory="16KB"), fitted(X)
    assert_same(one, two)
    assert_same(fitted(saved(X, tmp_path), memory="16KB"), two)


@PRIORS
@pytest.mark.parametrize("values", [X, HOLES], ids=["whole", "holes"])
def test_a_weight_is_a_repeat(prior, values):
    weight = np.random.default_rng(0).integers(0, 4, 120)
    one, codes = fitted(values, prior, weight)
    two, repeated = fitted(values.repeat(weight, axis=0), prior)
    assert_same((one, codes.repeat(weight, axis=0)), (two, repeated), 1e-8)
    if np.isnan(values).any() and prior is not None:
        assert one.result_.error == pytest.approx(two.result_.error, rel=1e-6)


def test_weights_of_one_and_equal_weights():
    plain = fitted(X)
    for weight in (np.ones(120), 1.0):
        assert_same(fitted(X, weight=weight), plain)
    one, two = (fitted(X, weight=weight, noise=1e-3, scale=0.1) for weight in (None, np.full(120, 7.0)))
    np.testing.assert_allclose(two[0].components_, one[0].components_, atol=1e-8)
    noisy = X.copy()
    noisy[:20] = 5 * np.random.default_rng(0).random((20, 12))
    weight = np.r_[np.zeros(20), np.ones(100)]
    assert_same((fitted(noisy, weight=weight)[0], 0), (fitted(noisy[20:])[0], 0), 1e-8)


@PRIORS
def test_a_power_of_two_changes_nothing_at_all(prior):
    for dtype, scale in ((np.float64, 2.0**20), (np.float32, 2.0**-60)):
        plain, codes = fitted(HOLES.astype(dtype), prior)
        model, scaled = fitted((HOLES * scale).astype(dtype), prior)
        assert np.array_equal(model.components_, plain.components_)
        assert np.array_equal(scaled, codes * dtype(scale))
        assert np.array_equal(
            model.transform((HOLES * scale).astype(dtype)), plain.transform(HOLES.astype(dtype)) * dtype(scale)
        )
        assert model.result_.objective == pytest.approx(plain.result_.objective * scale**2, rel=1e-12)
        assert model.noise_ == (None if prior is None else pytest.approx(plain.noise_ * scale**2, rel=1e-12))


@HASTY
@PRIORS
@pytest.mark.parametrize(
    ("scale", "dtype"), [(1e-20, float), (1e100, float), (1e-100, float), (1e30, np.float32), (1e-30, np.float32)]
)
def test_scales_change_codes_alone(prior, scale, dtype):
    plain, codes = fitted(X.astype(dtype), prior)
    model, scaled = fitted((X * scale).astype(dtype), prior)
    ratio = scaled.astype(float) / scale
    if dtype is np.float32:  # of several minima rounding may choose any
        assert_near((model, ratio), (plain, codes))
    else:
        np.testing.assert_allclose(model.components_, plain.components_, atol=1e-9)
        np.testing.assert_allclose(ratio, codes, atol=1e-8)


# Single precision ---------------------------------------------------------------------------------------------------


@HASTY
@PRIORS
@pytest.mark.parametrize("values", [X, HOLES], ids=["whole", "holes"])
def test_single_precision_stays_and_is_sane(prior, values):
    plain, codes = fitted(values, prior)
    for held in (values.astype(np.float32), scipy.sparse.csr_array(values.astype(np.float32))):
        model, found = fitted(held, prior)
        assert found.dtype == model.components_.dtype == model.transform(held).dtype == np.float32
        assert model.inverse_transform(found).dtype == np.float32
        assert model.gap_ < 1e-3
        assert_near((model, found), (plain, codes))
        assert model.relative_error_ == pytest.approx(plain.relative_error_, rel=0.1)


@HASTY
def test_single_precision_of_the_multiplicative_updates():
    plain, _ = fitted(X, "laplacian", solver="multiplicative", max_iter=300)
    model, codes = fitted(X.astype(np.float32), "laplacian", solver="multiplicative", max_iter=300)
    assert codes.dtype == model.components_.dtype == np.float32
    np.testing.assert_allclose(model.components_, plain.components_, atol=1e-2)


def test_what_was_learned_in_double_codes_in_single():
    model, _ = fitted(X)
    assert model.transform(X.astype(np.float32)).dtype == np.float32
    assert model.transform(X).dtype == np.float64


def test_a_fit_that_is_cut_short_warns_whatever_holds_the_samples(tmp_path):
    for held in (X, saved(X, tmp_path), Sliced(X)):
        with pytest.warns(ConvergenceWarning):
            fitted(held, max_iter=10)


@pytest.mark.parametrize("prior", [None, "laplacian", "rgdp"])
def test_single_precision_takes_hardly_more_iterations(prior):
    """Rounding must neither keep momentum going in circles nor take all of it away.

    It may lead a single fit through a slow valley, on one machine and not on another: the median counts.
    """
    ratios = []
    for seed in range(5):
        values = make_factors(300, 20, 6, 2, random_state=seed).X
        double, single = (
            SparseNMF(6, prior=prior, random_state=0).fit(values.astype(dtype)) for dtype in (np.float64, np.float32)
        )
        ratios.append(single.n_iter_ / double.n_iter_)
        assert single.gap_ < 1e-4
        assert single.relative_error_ < 1.01 * double.relative_error_
    assert np.median(ratios) < 1.5
