"""The few names through which arrays of every library pass."""

import array_api_strict
import numpy as np
import pytest

from laconic.core.arrays import as_array, is_floating, to_numpy, transpose, zeros_like_shape

LIBRARIES = {"numpy": np, "strict": array_api_strict}
try:
    import torch

    LIBRARIES["torch"] = torch
except ImportError:
    torch = None

IN_EVERY_LIBRARY = pytest.mark.parametrize("library", LIBRARIES)
NEEDS_TORCH = pytest.mark.skipif(torch is None, reason="needs torch")
TYPES = ["float32", "float64", "int64", "bool"]


@IN_EVERY_LIBRARY
@pytest.mark.parametrize("dtype", TYPES)
def test_to_numpy_keeps_values_and_type(library, dtype):
    xp = LIBRARIES[library]
    array = xp.asarray([[0, 1], [1, 0]], dtype=getattr(xp, dtype, bool))
    found = to_numpy(array)
    assert type(found) is np.ndarray
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, np.array([[0, 1], [1, 0]], dtype))
    assert is_floating(array) == dtype.startswith("float")


@IN_EVERY_LIBRARY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_and_transposes_are_of_the_same_library_and_type(library, dtype):
    xp = LIBRARIES[library]
    like = xp.ones((2, 3, 4), dtype=getattr(xp, dtype))
    zeros = zeros_like_shape((5, 1), like)
    assert (type(zeros), zeros.dtype, tuple(zeros.shape)) == (type(like), like.dtype, (5, 1))
    assert not to_numpy(zeros).any()
    assert tuple(transpose(like).shape) == (2, 4, 3)


@IN_EVERY_LIBRARY
def test_arrays_stay_what_they_are(library):
    array = LIBRARIES[library].ones(3)
    assert as_array(array) is array


@pytest.mark.parametrize("value", [[1.0, 2.0], (1.0, 2.0), 3.0])
def test_other_values_become_numpys(value):
    assert type(as_array(value)) is np.ndarray


@NEEDS_TORCH
def test_torchs_gradients_strides_and_bfloat16():
    tensor = torch.arange(6.0).reshape(2, 3).requires_grad_()
    np.testing.assert_array_equal(to_numpy(tensor.T), np.arange(6.0).reshape(2, 3).T)
    assert to_numpy(torch.ones(2, dtype=torch.bfloat16)).dtype == np.float32
    assert to_numpy(torch.ones(2, dtype=torch.float16)).dtype == np.float16
