"""Real data of published benchmarks, read from a folder of the user's own: they do not come with laconic."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from laconic.core.checks import ParameterError, check_choice
from laconic.core.files import atomic_write_bytes
from laconic.datasets.activities import read_activities
from laconic.datasets.download import Remote, cache, downloaded
from laconic.datasets.images import Arrays, mnist_arrays, usps_arrays
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
    remotes : tuple of Remote
        What it can be made of, if it can be downloaded.
    made : callable
        Returns its arrays from the paths of these.
    """

    file: str
    words: str
    read: Callable[[Path, str], SequenceData] = _as_it_is
    remotes: tuple[Remote, ...] = ()
    made: Callable[[list[Path]], Arrays] | None = None


_MNIST, _USPS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/",
)


KNOWN: dict[str, KnownSet] = {
    "mnist": KnownSet(
        "mnist.npz",
        "handwritten digits, a row of 28 pixels a step",
        remotes=(
            Remote(_MNIST + "train-images-idx3-ubyte.gz", "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            Remote(_MNIST + "train-labels-idx1-ubyte.gz", "md5:d53e105ee54ea40749a09fcbcd1e9432"),
            Remote(_MNIST + "t10k-images-idx3-ubyte.gz", "md5:9fb629c4189551a2d022fa330f9573f3"),
            Remote(_MNIST + "t10k-labels-idx1-ubyte.gz", "md5:ec29112dd5afa0611ce80d1b7f02629c"),
        ),
        made=mnist_arrays,
    ),
    "usps": KnownSet(
        "usps.npz",
        "digits of postcodes, a row of 16 pixels a step",
        remotes=(
            Remote(_USPS + "usps.bz2", "md5:ec16c51db3855ca6c91edd34d0e9b197"),
            Remote(_USPS + "usps.t.bz2", "md5:8ea070ee2aca1ac39742fdd1ef5ed118"),
        ),
        made=usps_arrays,
    ),
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


def download_known(name: str, folder: str | Path | None = None) -> Path:
    """Return the path of a set's file, made of what is downloaded unless it is there already.

    Files are checked by their digests. A download that broke off is gone on with.

    Parameters
    ----------
    name : {"mnist", "usps"}
    folder : path or None, default None
        Where files are kept; None for the user's cache of downloads.

    Raises
    ------
    ParameterError
        If it is none that can be downloaded.
    DataError
        If a file cannot be had.
    ImportError
        If pooch is not installed.
    """
    check_choice("download_known", "name", name, [key for key, one in KNOWN.items() if one.made])
    known, place = KNOWN[name], cache() if folder is None else Path(folder)
    path = place / known.file
    if not path.is_file() and known.made is not None:
        arrays: dict[str, Any] = known.made([downloaded(one, place) for one in known.remotes])
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        atomic_write_bytes(path, buffer.getvalue())
    return path
