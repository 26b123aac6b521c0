"""What cannot be read as samples gets one sentence with the owner and what is wrong."""

import re

import numpy as np
import pytest
import scipy.sparse
from blocks.sources import Sliced

from laconic.core.blocks import as_source
from laconic.core.checks import DataError

X = np.ones((4, 3))
SPARSE = scipy.sparse.csr_array(X)

BAD = {
    "one axis": (lambda: as_source("o", X[0]), "o: X must be of shape (n_samples, n_features), got (3,)"),
    "three axes": (lambda: as_source("o", X[None]), "o: X must be of shape (n_samples, n_features), got (1, 4, 3)"),
    "a number": (lambda: as_source("o", 3.0), "o: X must be of shape (n_samples, n_features), got ()"),
    "nothing": (lambda: as_source("o", None), "o: X must be of shape (n_samples, n_features), got ()"),
    "no samples": (lambda: as_source("o", X[:0]), "o: X must have at least one sample, got shape (0, 3)"),
    "no features": (lambda: as_source("o", X[:, :0]), "o: X must have at least one feature, got shape (4, 0)"),
    "no rows": (lambda: as_source("o", SPARSE[:0]), "o: X must have at least one sample, got shape (0, 3)"),
    "empty slices": (lambda: as_source("o", Sliced(X[:0])), "o: X must have at least one sample, got shape (0, 3)"),
    "strings": (lambda: as_source("o", [["a", "b"]]), "o: X must hold real numbers, got <U1"),
    "objects": (lambda: as_source("o", X.astype(object)), "o: X must hold real numbers, got object"),
    "complex": (lambda: as_source("o", X * 1j), "o: X must hold real numbers, got complex128"),
    "sparse complex": (lambda: as_source("o", SPARSE * 1j), "o: X must hold real numbers, got complex128"),
    "complex slices": (lambda: as_source("o", Sliced(X * 1j)), "o: X must hold real numbers, got complex128"),
    "dates": (lambda: as_source("o", X.astype("M8[s]")), "o: X must hold real numbers, got datetime64[s]"),
    "mask": (lambda: as_source("o", X, mask=X[:2] > 0), "o: mask must be of shape (4, 3), as X says, got (2, 3)"),
    "mask list": (lambda: as_source("o", X, mask=[True]), "o: mask must be of shape (4, 3), as X says, got (1,)"),
    "sparse mask": (
        lambda: as_source("o", SPARSE, mask=SPARSE.T),
        "o: mask must be of shape (4, 3), as X says, got (3, 4)",
    ),
    "weight": (lambda: as_source("o", X, weight=np.ones(3)), "o: weight must be of shape (4,), as X says, got (3,)"),
    "no pieces": (lambda: as_source("o", iter([])), "o: X must have samples, got an iterator without any piece"),
    "pieces of one axis": (
        lambda: as_source("o", iter(X)),
        "o: a piece of X must be real numbers of shape (samples, features), got float64 (3,)",
    ),
    "complex pieces": (
        lambda: as_source("o", iter([X, 1j * X])),
        "o: a piece of X must be real numbers of shape (samples, features), got complex128 (4, 3)",
    ),
    "an empty piece": (
        lambda: as_source("o", iter([X, X[:0]])),
        "o: a piece of X must be real numbers of shape (samples, features), got float64 (0, 3)",
    ),
    "pieces of other widths": (
        lambda: as_source("o", iter([X, X[:, :2]])),
        "o: pieces of X must all have 3 columns, got 2",
    ),
    "sparse pieces of other widths": (
        lambda: as_source("o", iter([SPARSE, SPARSE[:, :2]])),
        "o: pieces of X must all have 3 columns, got 2",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_the_sentence(case):
    call, sentence = BAD[case]
    with pytest.raises(DataError, match=f"^{re.escape(sentence)}$"):
        call()


def test_complex_tensors_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(DataError, match=r"^o: X must hold real numbers, got torch\.complex128$"):
        as_source("o", torch.tensor(1j * X))
    with pytest.raises(DataError, match="a piece of X must be real numbers"):
        as_source("o", iter([torch.tensor(1j * X)]))
