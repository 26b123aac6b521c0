"""Checkpoints of several modalities: a fit that was cut off ends with the numbers it would have had, bit for bit."""

import numpy as np
import pytest

import laconic
from laconic.core.checks import DataError
from laconic.datasets import make_sensors

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLANTED = make_sensors(160, (6, 5), n_atoms=8, n_nonzero=2, snr=(30, 15), missing=0.1, random_state=0)
X = np.hstack(list(PLANTED.X.values()))
CASES = {
    "double": (X, {}),
    "single": (X.astype(np.float32), {}),
    "blocks": (X, {"block_size": 50}),
    "no room for scales": (X, {"memory": 40, "block_size": 160}),
    "groups": (X, {"n_atoms": {"a": 8, "b": 4}, "coupling": "groups"}),
}


class CutError(Exception):
    """Ends a fit."""


def model(folder, **options):
    same = {"noise": PLANTED.noise, "sparsity": 2, "cycles": 1, "random_state": 0}
    more = same | {"max_iter": 9, "tol": 0.0, "checkpoint_every": 4} | options
    parts = {"a": slice(0, 6), "b": slice(6, 11)}
    return laconic.MultimodalDictionary(more.pop("n_atoms", 8), modalities=parts, checkpoint=folder, **more)


def cut_at(step):
    """Return a watcher that ends the fit after so many steps over all data."""
    seen = []

    def watch(tick):
        seen.append(tick.stage)
        if seen.count("final") == step:
            raise CutError

    return watch


@pytest.mark.parametrize("step", [2, 6])
@pytest.mark.parametrize("case", CASES)
def test_a_fit_that_was_cut_off_goes_on_as_if_nothing_had_happened(case, step, tmp_path):
    data, options = CASES[case]
    whole = model(None, **options).fit(data)
    with pytest.raises(CutError):
        model(tmp_path, on_iteration=cut_at(step), **options).fit(data)
    ticks = []
    again = model(tmp_path, on_iteration=ticks.append, **options).fit(data)
    assert {tick.stage for tick in ticks} == {"final"}  # what was searched for is not searched for again
    assert len(ticks) == 9 - step // 4 * 4
    np.testing.assert_array_equal(again.trace_, whole.trace_)
    for name, atoms in whole.components_.items():
        np.testing.assert_array_equal(again.components_[name], atoms)
        np.testing.assert_array_equal(again.usage_[name], whole.usage_[name])
    assert again.log_likelihood_ == whole.log_likelihood_
    assert again.noise_ == whole.noise_
    assert again.sparsity_ == whole.sparsity_


def test_a_checkpoint_of_another_fit_is_refused(tmp_path):
    with pytest.raises(CutError):
        model(tmp_path, on_iteration=cut_at(5)).fit(X)
    for other in ({"tol": 1e-9}, {"noise": 0.1}, {"random_state": 1}, {"cycles": 0}, {"scaling": "center"}):
        with pytest.raises(DataError, match="is a checkpoint of another fit"):
            model(tmp_path, **other).fit(X)
    with pytest.raises(DataError, match="is a checkpoint of another fit"):
        model(tmp_path).fit(X[:100])


def test_a_damaged_checkpoint_is_refused(tmp_path):
    with pytest.raises(CutError):
        model(tmp_path, on_iteration=cut_at(5)).fit(X)
    [file] = tmp_path.glob("*/fit.npz")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match="it is damaged"):
        model(tmp_path).fit(X)
