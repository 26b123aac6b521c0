"""Activities of people, told from the sensors of a phone at the waist, with subjects to test on."""

from pathlib import Path

import numpy as np

from laconic.core.checks import DataError, check_choice
from laconic.datasets.archive import arrays_of
from laconic.datasets.sequence import SequenceData

NAMES = ("walking", "upstairs", "downstairs", "sitting", "standing", "lying")


def read_activities(path: Path, split: str) -> SequenceData:
    """Return windows of nine channels, 128 steps each; the subjects of the test part are others than those trained on.

    References
    ----------
    Reyes-Ortiz, Oneto, Samà, Parra, Anguita: Smartphone-Based Recognition of Human Activities and Postural Transitions,
    UCI Machine Learning Repository, 2015; windows cut anew from its recordings.
    """
    check_choice("load_known", "split", split, ("official",))
    arrays = arrays_of(path, ("X_q", "scale", "y", "is_train"))
    readings, labels = arrays["X_q"], arrays["y"].astype(np.int64) - 1
    train = arrays["is_train"].astype(bool)
    if readings.ndim != 3 or arrays["scale"].shape != readings.shape[2:] or labels.shape != readings.shape[:1]:
        raise DataError(f"{path.name}: X_q must be (n, steps, channels), scale (channels,) and y (n,)")
    if train.shape != labels.shape or set(np.unique(labels[train])) != set(range(len(NAMES))):
        raise DataError(f"{path.name}: y must be 1 to {len(NAMES)}, each of them among is_train, (n,)")
    x = (readings * arrays["scale"]).astype(np.float32)
    words = f"{int(np.sum(~train))} windows of subjects that are not trained on"
    return SequenceData(path.name, x[train], labels[train], x[~train], labels[~train], NAMES, words)
