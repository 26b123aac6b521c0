"""Spoken digits as logarithmic mel spectra, with takes or a speaker to test on."""

from pathlib import Path

import numpy as np

from laconic.core.checks import DataError, ParameterError, check_finite
from laconic.datasets.archive import arrays_of
from laconic.datasets.sequence import SequenceData

TAKES = 5
WITHOUT = "without "


def read_spoken_digits(path: Path, split: str) -> SequenceData:
    """Return spectra of digits; to test on, the first five takes of each digit and speaker, or all of one speaker.

    References
    ----------
    Jackson et al., Free Spoken Digit Dataset, CC BY-SA 4.0; the test part of its own is takes 0 to 4.
    """
    arrays = arrays_of(path, ("logmel", "digit", "speaker", "take"))
    x, labels = arrays["logmel"].astype(np.float32), arrays["digit"].astype(np.int64)
    if x.ndim != 3 or any(arrays[name].shape != (len(x),) for name in ("digit", "speaker", "take")):
        raise DataError(f"{path.name}: logmel must be (n, steps, bands), and digit, speaker and take (n,)")
    check_finite(path.name, "logmel", x)
    test, words = _tested(arrays["speaker"], arrays["take"], split)
    if set(np.unique(labels[~test])) != set(range(10)) or not test.any():
        raise DataError(f"{path.name}: digit must be 0 to 9, each of them in the training part, and some to test on")
    names = tuple(map(str, range(10)))
    return SequenceData(path.name, x[~test], labels[~test], x[test], labels[test], names, words)


def _tested(speakers: np.ndarray, takes: np.ndarray, split: str) -> tuple[np.ndarray, str]:
    if split == "official":
        return takes < TAKES, f"takes 0 to {TAKES - 1} of each digit and speaker"
    name, known = split.removeprefix(WITHOUT), [str(one) for one in np.unique(speakers)]
    if not split.startswith(WITHOUT) or name not in known:
        raise ParameterError("load_known", "split", f"official, or {WITHOUT!r} and one of {', '.join(known)}", split)
    return speakers == name, f"all digits of {name}, who is not trained on"
