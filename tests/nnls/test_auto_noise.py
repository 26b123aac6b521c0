"""The noise is asked for by the same word as in rectified_sbl."""

import numpy as np
import pytest

from laconic.core.checks import ParameterError
from laconic.datasets import make_sparse_codes
from laconic.nnls import sparse_nnls

DATA = make_sparse_codes(n=40, m=20, n_nonzero=3, n_signals=2, snr=20.0, random_state=0)


def test_auto_is_what_is_left_out():
    named, left_out = (sparse_nnls(DATA.A, DATA.y, **given) for given in ({"noise": "auto"}, {}))
    assert np.array_equal(named.x, left_out.x)
    assert np.array_equal(named.noise, left_out.noise)


def test_other_words_are_refused():
    with pytest.raises(ParameterError, match=r"noise must be a variance .*'auto'"):
        sparse_nnls(DATA.A, DATA.y, noise="known")
