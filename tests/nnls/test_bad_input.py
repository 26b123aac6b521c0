"""Bad input gets one sentence with the owner, the parameter, what is allowed and what came."""

import numpy as np
import pytest

from laconic.core.checks import DataError, ParameterError
from laconic.nnls import nn_omp, nnls, sparse_nnls

A, Y = np.eye(3, 4) + 0.1, np.ones((3, 2))
NAN = A.copy()
NAN[1, 2] = np.nan

BAD = [
    (lambda: nnls(NAN, Y), DataError, r"nnls: the dictionary must be finite, got 1 NaN .* \(1, 2\)"),
    (lambda: nnls(A * np.inf, Y), DataError, "nnls: the dictionary must be finite"),
    (lambda: nnls(A[0], Y), DataError, "nnls: the dictionary must have 2 axes"),
    (lambda: nnls(A, Y.T), DataError, r"nnls: the signals must have shape \(3,\) or \(3, k\), got \(2, 3\)"),
    (lambda: nnls(A, Y * np.inf), DataError, "nnls: the signals must be finite, got infinite"),
    (lambda: nnls(A, Y * np.nan), DataError, "nnls: the signals must have an entry that is not missing"),
    (lambda: nnls(A * 1j, Y), DataError, "real numbers, got complex128"),
    (lambda: nnls(A, Y, method="simplex"), ParameterError, "nnls: method must be one of 'auto'.*got 'simplex'"),
    (lambda: nnls(A, Y, tol=-1), ParameterError, r"nnls: tol must be a number in \[0, 1\], got -1"),
    (lambda: nnls(A, Y, max_iter=0), ParameterError, "nnls: max_iter must be a whole number of at least 1"),
    (lambda: nnls(A, Y, ridge=-1.0), DataError, "nnls: ridge must be at least 0 everywhere, got -1"),
    (lambda: nnls(A, Y, ridge=[np.nan] * 4), DataError, "nnls: ridge must be at least 0 everywhere, got nan"),
    (lambda: nnls(A, Y, ridge=np.ones(3)), DataError, r"nnls: ridge must be of shape \(4,\) or \(4, 2\), got \(3,\)"),
    (lambda: nnls(A, Y, x0=np.full(4, np.inf)), DataError, "nnls: x0 must be finite"),
    (lambda: nnls(A, Y, x0=-np.ones(4)), DataError, "nnls: x0 must be at least 0 everywhere"),
    (lambda: sparse_nnls(A, Y, prior="cauchy"), ParameterError, "sparse_nnls: prior must be one of .* got 'cauchy'"),
    (lambda: sparse_nnls(A, Y, solver="mu"), ParameterError, "sparse_nnls: solver must be one of 'auto'"),
    (lambda: sparse_nnls(A, Y, anneal=3), ParameterError, "sparse_nnls: anneal must be True or False, got 3"),
    (lambda: sparse_nnls(A, Y, scale=0), ParameterError, r"sparse_nnls: scale must be a number in \(0, inf\)"),
    (lambda: sparse_nnls(A, Y, scale="big"), ParameterError, "sparse_nnls: scale must be"),
    (lambda: sparse_nnls(A, Y, noise=-1.0), DataError, "sparse_nnls: noise must be one variance of at least 0, or 2"),
    (lambda: sparse_nnls(A, Y, noise=[1, 2, 3]), DataError, "sparse_nnls: noise must be one variance"),
    (lambda: sparse_nnls(A, Y, noise="known"), ParameterError, "sparse_nnls: noise must be a variance"),
    (lambda: sparse_nnls(A, Y, noise=1, snr=3), ParameterError, "sparse_nnls: snr must be left out where noise"),
    (lambda: sparse_nnls(A, Y, snr=np.nan), ParameterError, "sparse_nnls: snr must be a number"),
    (lambda: sparse_nnls(NAN, Y), DataError, "sparse_nnls: the dictionary must be finite"),
    (lambda: nn_omp(A, Y, n_nonzero=0), ParameterError, "nn_omp: n_nonzero must be a whole number from 1 to 4"),
    (lambda: nn_omp(A, Y, n_nonzero=5), ParameterError, "nn_omp: n_nonzero must be a whole number from 1 to 4"),
    (lambda: nn_omp(A, Y, tol=2), ParameterError, r"nn_omp: tol must be a number in \[0, 1\]"),
    (lambda: nn_omp(NAN, Y), DataError, "nn_omp: the dictionary must be finite"),
]


@pytest.mark.parametrize(("call", "error", "sentence"), BAD, ids=[sentence[:40] for *_, sentence in BAD])
def test_the_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        call()
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)
