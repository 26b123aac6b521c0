"""The same answers on another device as on the CPU's arrays, which other tests judge.

A GPU, where there is one; and everywhere the second device of array_api_strict, which refuses to be mixed with others.
"""

import array_api_strict
import numpy as np
import pytest
from sbl.modal_problems import COUPLINGS, PATTERNS, drawn

import laconic
from laconic.core.arrays import device, to_numpy
from laconic.datasets import make_sensors
from laconic.nnls import sparse_nnls
from laconic.sbl import rectified_sbl

torch = pytest.importorskip("torch")
from torch import nn
from training_helpers import small, two_classes

from laconic.rnn import FastGRNN, FastRNN, compress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
ELSEWHERE = {
    "strict": lambda array: array_api_strict.asarray(np.asarray(array), device=array_api_strict.Device("device1")),
    "gpu": lambda array: torch.as_tensor(np.asarray(array), device="cuda"),
}
PUT = pytest.mark.parametrize(
    "put", [pytest.param(put, id=k, marks=[gpu] * (k == "gpu")) for k, put in ELSEWHERE.items()]
)


def assert_there(found, put):
    assert device(found) == device(put(np.zeros(1)))


# Sparse learning ----------------------------------------------------------------------------------------------------


@PUT
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_posteriors_and_sums_of_several_modalities(coupling, pattern, put):
    kind, n_atoms = COUPLINGS[coupling]
    one = drawn(kind, n_atoms, pattern=pattern)
    for j, (here, there) in enumerate(zip(one.views(), one.views(put), strict=True)):
        plain, sums = here.posterior(one.variances(j), sums=True)
        found, totals = there.posterior(put(one.variances(j)), sums=True)
        assert_there(found.mean, put)
        for name in ("mean", "variance", "ratio", "evidence"):
            pair = to_numpy(getattr(found, name)), getattr(plain, name)
            np.testing.assert_allclose(*pair, rtol=1e-8, atol=1e-10, err_msg=name)
        for ours, theirs in zip(totals, sums, strict=True):
            np.testing.assert_allclose(to_numpy(ours), theirs, rtol=1e-8, atol=1e-9)


@PUT
def test_dictionaries_of_several_modalities(put):
    planted = make_sensors(400, (10, 12), 12, 2, random_state=0)
    X = np.hstack(list(planted.X.values()))
    X[::7, :10], X[3::7, 10:], X[5, 3] = np.nan, np.nan, np.nan
    columns = {"a": slice(0, 10), "b": slice(10, 22)}
    options = {"modalities": columns, "cycles": 0, "max_iter": 5, "sparsity": 2, "random_state": 0}
    plain, found = (laconic.MultimodalDictionary(12, **options).fit(one) for one in (X, put(X)))
    for name, atoms in plain.components_.items():
        np.testing.assert_allclose(to_numpy(found.components_[name]), atoms, atol=1e-6)
    codes = found.transform(put(X))
    assert_there(codes, put)
    np.testing.assert_allclose(to_numpy(codes), plain.transform(X), atol=1e-5)
    mean, std = found.reconstruct(put(X), return_std=True)
    for ours, theirs in zip((mean, std), plain.reconstruct(X, return_std=True), strict=True):
        np.testing.assert_allclose(to_numpy(ours), theirs, atol=1e-5)
    assert found.score(put(X)) == pytest.approx(plain.score(X), rel=1e-6)


@PUT
@pytest.mark.parametrize("prior", [None, "laplacian"])
def test_non_negative_factorisation(prior, put):
    X = np.random.default_rng(0).random((120, 20))
    plain, found = (laconic.SparseNMF(4, prior=prior, random_state=0) for _ in range(2))
    codes, theirs = found.fit_transform(put(X)), plain.fit_transform(X)
    assert_there(codes, put)
    np.testing.assert_allclose(to_numpy(codes), theirs, atol=1e-6)
    np.testing.assert_allclose(to_numpy(found.components_), plain.components_, atol=1e-6)


@PUT
def test_sparse_non_negative_least_squares(put):
    rng = np.random.default_rng(0)
    A, X = rng.random((30, 50)), rng.random((50, 8)) * (rng.random((50, 8)) < 0.1)
    plain, found = sparse_nnls(A, A @ X), sparse_nnls(put(A), put(A @ X))
    assert_there(found.x, put)
    np.testing.assert_allclose(to_numpy(found.x), plain.x, atol=1e-6)


@PUT
@pytest.mark.parametrize("e_step", ["diagonal", "lmmse"])
def test_rectified_sparse_bayesian_learning(e_step, put):
    rng = np.random.default_rng(0)
    A, x = rng.standard_normal((30, 60)), np.where(np.arange(60) % 12 == 0, 1.0, 0.0)
    Y = (A @ x + 0.01 * rng.standard_normal((5, 30))).T
    plain = rectified_sbl(A, Y, e_step, noise=1e-4)
    found = rectified_sbl(put(A), put(Y), e_step, noise=1e-4)
    assert_there(found.x, put)
    np.testing.assert_allclose(to_numpy(found.x), plain.x, atol=1e-6)
    np.testing.assert_allclose(to_numpy(found.std), plain.std, atol=1e-6)


# Networks -----------------------------------------------------------------------------------------------------------


@gpu
@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN, FastRNN, FastGRNN])
@pytest.mark.parametrize("method", ["dense", "kronecker"])
def test_layers_and_their_gradients(layer, method):
    torch.manual_seed(0)
    plain = nn.ModuleDict({"rnn": layer(8, 12, batch_first=True)}).double()
    if method != "dense":
        compress(plain, method)
    x = torch.randn(5, 7, 8, dtype=torch.float64)
    grads = []
    for place in ("cpu", "cuda"):
        plain.zero_grad()
        plain.to(place)
        out = plain["rnn"](x.to(place))[0]
        out.square().sum().backward()
        grads.append([out.detach().cpu(), *(one.grad.cpu() for one in plain.parameters())])
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-8)


@gpu
@pytest.mark.parametrize("method", [None, "kronecker", "pruned", "lowrank"])
def test_classifiers_learn_and_are_used_elsewhere(method, tmp_path):
    x, y = two_classes(400)
    fit = small(hidden_size=8, max_epochs=20, method=method, device="cuda").fit(x, y)
    again = small(hidden_size=8, max_epochs=20, method=method, device="cuda").fit(x, y)
    assert fit.score(x, y) > 0.9
    np.testing.assert_allclose(fit.predict_proba(x), again.predict_proba(x), atol=1e-2)
    fit.save(tmp_path / "model.safetensors")
    loaded = type(fit).load(tmp_path / "model.safetensors")
    rounded = 5e-3  # a GPU may round what it multiplies
    np.testing.assert_allclose(loaded.predict_proba(x), fit.predict_proba(x), atol=rounded)
