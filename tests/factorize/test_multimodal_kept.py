"""Scales that stay with their blocks: what is kept comes back as it was, in slices, in no more room than given."""

import numpy as np
import pytest

from laconic.core.blocks import DenseBlock
from laconic.factorize.multimodal import kept as module
from laconic.factorize.multimodal.kept import kept, slices


def scales(n, n_scales, share, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((n, n_scales)) * (rng.random((n, n_scales)) < share)).astype(dtype)


def block(n):
    return DenseBlock(100, None, np.arange(3.0 * n).reshape(n, 3), None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.9, 1.0])
@pytest.mark.parametrize("n", [1, 5, 23])
def test_what_is_kept_comes_back(n, share, dtype, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 8)
    monkeypatch.setattr(module, "SMALLEST", 1)
    gamma = scales(n, 20, share, dtype)
    state = kept(np.array_split(gamma, min(n, 3)), np.inf)
    assert state.dtype == dtype
    parts = list(slices(block(n), state, 20, 20))
    assert [len(part.values) for part, _ in parts] == [min(8, n - first) for first in range(0, n, 8)]
    np.testing.assert_array_equal(np.concatenate([part.values for part, _ in parts]), block(n).values)
    assert [part.first for part, _ in parts] == [100 + first for first in range(0, n, 8)]
    np.testing.assert_array_equal(np.concatenate([own for _, own in parts]), gamma)
    assert all(own.dtype == dtype for _, own in parts)


def test_few_scales_take_little_room():
    gamma = scales(1000, 200, 0.02, np.float32)
    state = kept([gamma], np.inf)
    assert state.nbytes < 0.07 * gamma.nbytes
    assert kept([gamma], state.nbytes / 1000) is not None
    assert kept([gamma], state.nbytes / 1000 - 1) is None
    assert kept([gamma], 0.0) is None


def test_many_codes_make_small_slices():
    lengths = [part.shape[0] for part, _ in slices(block(3000), None, 4, 2**14)]
    assert lengths == [256] * 11 + [184]
    assert [part.shape[0] for part, _ in slices(block(9000), None, 4, 4)] == [8192, 808]


def test_tensors_stay_as_they_are():
    torch = pytest.importorskip("torch")
    gamma = torch.tensor(scales(10, 6, 0.1, np.float64))
    state = kept([gamma[:4], gamma[4:]], np.inf)
    assert torch.equal(state, gamma)
    assert kept([gamma], 6 * 8 - 1) is None
