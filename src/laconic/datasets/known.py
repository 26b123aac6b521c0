"""Real data of published benchmarks, read from a folder of the user's own: they do not come with laconic."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from laconic.core.checks import ParameterError, check_choice
from laconic.datasets.activities import read_activities
from laconic.datasets.npz import load_npz
from laconic.datasets.sequence import SequenceData
from laconic.datasets.spoken import read_spoken_digits

FOLDER = "LACONIC_DATA"
"""The environment variable that names the folder where none is given."""

OFFICIAL = "official"


def _as_it_is(path: Path, split: str) -> SequenceData:
    check_choice("load_known", "split", split, (OFFICIAL,))
    return load_npz(path)


@dataclass(frozen=True)
class KnownSet:
    """One set of data.

    Attributes
    ----------
    file : str
        Its name in the folder.
    words : str
        What it is.
    read : callable
        Takes the path and the name of a split.
    """

    file: str
    words: str
    read: Callable[[Path, str], SequenceData] = _as_it_is


KNOWN: dict[str, KnownSet] = {
    "mnist": KnownSet("mnist.npz", "handwritten digits, a row of 28 pixels a step"),
    "usps": KnownSet("usps.npz", "digits of postcodes, a row of 16 pixels a step"),
    "activities": KnownSet(
        "har_rebuilt_windows.npz", "six activities, accelerometer and gyroscope at 50 Hz, 2.56 s", read_activities
    ),
    "spoken-digits": KnownSet(
        "fsdd_logmel.npz", "free spoken digits, 20 logarithmic mel bands every 16 ms", read_spoken_digits
    ),
}
"""Every set by name; a new one adds its line here."""


def load_known(name: str, folder: str | Path | None = None, split: str = OFFICIAL) -> SequenceData:
    """Return a known set of labelled sequences.

    Parameters
    ----------
    name : {"mnist", "usps", "activities", "spoken-digits"}
        mnist.npz and usps.npz hold what `load_npz` takes: x_train, y_train, x_test and y_test.
        har_rebuilt_windows.npz: X_q (n, 128, 9) int16, scale (9,), y (n,), is_train (n,) of subjects kept apart.
        fsdd_logmel.npz: logmel (n, 61, 20), digit, speaker and take (n,).
    folder : path or None, default None
        Where the file is; None for the one that the environment variable LACONIC_DATA names.
    split : str, default "official"
        What to test on: for spoken digits the takes 0 to 4, or with "without NAME" all of a speaker.

    Raises
    ------
    ParameterError
        If the file is not there, or there is no such set or split.
    DataError
        If the file cannot be used.
    """
    check_choice("load_known", "name", name, KNOWN)
    return KNOWN[name].read(find_known(name, folder), split)


def find_known(name: str, folder: str | Path | None = None) -> Path:
    """Return the path of a set's file, or raise `ParameterError` if it is not there."""
    place = folder if folder is not None else os.environ.get(FOLDER)
    path = Path(place or "") / KNOWN[name].file
    if place is None or not path.is_file():
        allowed = f"a folder that holds {KNOWN[name].file} (or {FOLDER} has to name one)"
        raise ParameterError("load_known", "data", allowed, None if place is None else str(place))
    return path
