"""Checkpoints of a fit: what a later process needs to go on and end with the same numbers.

A checkpoint is a folder, `laconic-<kind>-<iterations>`, inside a folder of the user's. It is written under another name
and takes its own in one step; then the one before is removed. It holds arrays and JSON, no pickle.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from laconic.core.arrays import array_namespace, device, is_array, to_numpy
from laconic.core.blocks import Pool
from laconic.core.checks import DataError
from laconic.core.files import write_json

FORMAT = 1

Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class Keeper:
    """Where the state of a fit is kept.

    Attributes
    ----------
    folder : Path
        It may hold other files, which are left alone.
    every : int
        Iterations from one checkpoint to the next.
    identity : dict of str to str
        What makes this fit this fit.
    kind : str
        Of the fit, for the names of checkpoints.
    """

    folder: Path
    every: int
    identity: Mapping[str, str]
    kind: str

    def save(self, pool: Pool, iteration: int, arrays: Callable[[], Arrays]) -> None:
        """Write a checkpoint if it is time for one; to be called after each iteration."""
        if iteration % self.every == 0:
            self._write(pool, arrays(), f"{self._prefix}{iteration:08d}")

    def load(self, pool: Pool, read: Callable[[Arrays], T]) -> T | None:
        """Return what `read` makes of the arrays of the last checkpoint, and put the states of blocks back.

        None where there is no checkpoint.

        Raises
        ------
        DataError
            If it is one of other data or settings, or damaged.
        """
        kept = self._kept()
        if not kept:
            return None
        try:
            self._refuse_another(kept[-1])
            with open(kept[-1] / "fit.npz", "rb") as file, np.load(file, allow_pickle=False) as arrays:
                found = read(dict(arrays))
            pool.restore(_states(kept[-1], pool))
        except DataError:
            raise
        except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{kept[-1]} is not a checkpoint of laconic, or it is damaged: {error}") from error
        return found

    @property
    def _prefix(self) -> str:
        return f"laconic-{self.kind}-"

    def _write(self, pool: Pool, arrays: Arrays, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new, before = self.folder / f".{self._prefix}unfinished", self._kept()
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        for i, state in enumerate(pool.states()):
            if state is not None:
                with _flushed(new / f"codes-{i}.npy") as file:
                    np.save(file, to_numpy(state), allow_pickle=False)
        with _flushed(new / "fit.npz") as file:
            np.savez(file, allow_pickle=False, **arrays)
        write_json(new / "about.json", {"format": FORMAT, "identity": dict(self.identity)})
        os.replace(new, self.folder / name)
        _flush(self.folder)
        for old in before:
            shutil.rmtree(old, ignore_errors=True)

    def _kept(self) -> list[Path]:
        """Return the checkpoints that are there, the last one last; more than one if a process ended in between."""
        return sorted(path for path in self.folder.glob(f"{self._prefix}*") if path.is_dir())

    def _refuse_another(self, path: Path) -> None:
        about = json.loads((path / "about.json").read_text("utf-8"))
        then, now = about["identity"] | {"format": str(about["format"])}, {**self.identity, "format": str(FORMAT)}
        names = [name for name in sorted(then | now) if then.get(name) != now.get(name)]
        if names:
            changes = "; ".join(f"{name} was {then.get(name)}, now {now.get(name)}" for name in names)
            raise DataError(
                f"{path} is a checkpoint of another fit ({changes}); remove it, name another folder, or fit the same"
            )


def of_pool(pool: Pool) -> dict[str, str]:
    """Return in words the shape, type and blocks of data."""
    shape = {"data shape": repr((pool.n_samples, pool.n_features)), "data type": str(pool.dtype)}
    return {**shape, "data blocks": digest(np.asarray(pool.edges, np.int64))}


def in_words(value: Any) -> str:
    """Return a value as text that tells it from others."""
    if isinstance(value, tuple):
        return ", ".join(map(in_words, value))
    return digest(to_numpy(value)) if is_array(value) else repr(value)


def digest(array: NDArray[Any]) -> str:
    """Return a text that tells an array from others."""
    summary = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    summary.update(np.ascontiguousarray(array).tobytes())
    return f"an array {summary.hexdigest()[:16]}"


def like(pool: Pool, values: NDArray[Any]) -> Any:
    """Return values in the library, type and device of the data."""
    own = pool.like()
    return array_namespace(own).asarray(values, dtype=own.dtype, device=device(own))


def _states(path: Path, pool: Pool) -> Iterator[Any] | None:
    """Return the states of blocks, None where none were kept."""
    files = [path / f"codes-{i}.npy" for i in range(pool.n_blocks)]
    if not any(path.glob("codes-*.npy")):
        return None
    return (like(pool, np.load(file, allow_pickle=False)) for file in files)


@contextmanager
def _flushed(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file that is on the disk when it is left."""
    with open(path, "xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Have the file system write down the names in a folder, where that can be asked for."""
    if hasattr(os, "O_DIRECTORY"):
        place = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(place)
        finally:
            os.close(place)
