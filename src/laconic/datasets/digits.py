"""scikit-learn's embedded handwritten digits, read row by row."""

import numpy as np
from sklearn.datasets import load_digits

from laconic.datasets.sequence import SequenceData
from laconic.datasets.split import stratified_split


def load_digits_rows() -> SequenceData:
    """Return 1,797 handwritten digits as sequences of 8 rows of 8 pixels; needs no network.

    Pixels are scaled from 0..16 to [0, 1]. A quarter of the samples, the same share of each digit, is the
    test part (seed 0).

    Returns
    -------
    SequenceData
        `x_train` (1347, 8, 8), `x_test` (450, 8, 8), ten classes "0" to "9".

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    1998; the copy that comes with scikit-learn.
    """
    bunch = load_digits()
    x = bunch.images.astype(np.float32) / np.float32(16)
    y = bunch.target.astype(np.int64)
    train, test = stratified_split(y, 0.25, 0, owner="load_digits_rows", source="digits")
    return SequenceData(
        name="digits",
        x_train=x[train],
        y_train=y[train],
        x_test=x[test],
        y_test=y[test],
        classes=tuple(str(name) for name in bunch.target_names),
        split="stratified 25 % of the 1,797 samples, seed 0",
    )
