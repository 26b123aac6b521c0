"""Checkpoints of a fit: what a later process needs to go on and end with the same numbers.

A checkpoint is a folder, `laconic-nmf-<iterations>`, inside a folder of the user's. It is written under another name
and takes its own in one step; then the one before is removed. It holds arrays and JSON, no pickle.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.arrays import array_namespace, device, is_array, to_numpy
from laconic.core.blocks import Pool, Survey
from laconic.core.checks import DataError
from laconic.core.files import write_json
from laconic.factorize.calibration import Calibration
from laconic.factorize.iteration import Factor, Progress
from laconic.factorize.nmf import Fit, plan_of
from laconic.factorize.settings import Settings

FORMAT = 1
PREFIX, UNFINISHED = "laconic-nmf-", ".laconic-nmf-unfinished"


@dataclass(frozen=True)
class Checkpoint:
    """Where the state of a fit is kept.

    Attributes
    ----------
    folder : Path
        It may hold other files, which are left alone.
    every : int
        Iterations from one checkpoint to the next.
    identity : dict of str to str
        What makes this fit this fit.
    """

    folder: Path
    every: int
    identity: Mapping[str, str]

    def save(self, pool: Pool, fit: Fit) -> None:
        """Write a checkpoint if it is time for one; to be called after each iteration."""
        if len(fit.trace) % self.every == 0:
            self._write(pool, fit, f"{PREFIX}{len(fit.trace):08d}")

    def load(self, pool: Pool, settings: Settings) -> Fit | None:
        """Return the fit of the last checkpoint and put its codes back; None where there is no checkpoint.

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
                fit = _fit_of(dict(arrays), pool)
            pool.restore(_codes(kept[-1], pool))
        except DataError:
            raise
        except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{kept[-1]} is not a checkpoint of laconic, or it is damaged: {error}") from error
        return _moved_on(fit, settings)

    def _write(self, pool: Pool, fit: Fit, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new, before = self.folder / UNFINISHED, self._kept()
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        for i, codes in enumerate(pool.states()):
            with _flushed(new / f"codes-{i}.npy") as file:
                np.save(file, to_numpy(codes), allow_pickle=False)
        with _flushed(new / "fit.npz") as file:
            np.savez(file, allow_pickle=False, **_arrays(fit))
        write_json(new / "about.json", {"format": FORMAT, "identity": dict(self.identity)})
        os.replace(new, self.folder / name)
        _flush(self.folder)
        for old in before:
            shutil.rmtree(old, ignore_errors=True)

    def _kept(self) -> list[Path]:
        """Return the checkpoints that are there, the last one last; more than one if a process ended in between."""
        return sorted(path for path in self.folder.glob(f"{PREFIX}*") if path.is_dir())

    def _refuse_another(self, path: Path) -> None:
        about = json.loads((path / "about.json").read_text("utf-8"))
        then, now = about["identity"] | {"format": str(about["format"])}, {**self.identity, "format": str(FORMAT)}
        names = [name for name in sorted(then | now) if then.get(name) != now.get(name)]
        if names:
            changes = "; ".join(f"{name} was {then.get(name)}, now {now.get(name)}" for name in names)
            raise DataError(
                f"{path} is a checkpoint of another fit ({changes}); remove it, name another folder, or fit the same"
            )


def identity_of(pool: Pool, survey: Survey, settings: Settings, **others: Any) -> dict[str, str]:
    """Return in words what must not change between the parts of a fit: settings, size and sums of the data, blocks."""
    data = {f"data {field.name}": repr(getattr(survey, field.name)) for field in fields(survey)}
    shape = {"data shape": repr((pool.n_samples, pool.n_features)), "data type": str(pool.dtype)}
    own = {field.name: _in_words(getattr(settings, field.name)) for field in fields(settings)}
    named = {name: _in_words(value) for name, value in others.items()}
    return {**data, **shape, "data blocks": _digest(np.asarray(pool.edges, np.int64)), **own, **named}


def _in_words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_in_words, value))
    return _digest(to_numpy(value)) if is_array(value) else repr(value)


def _digest(array: NDArray[Any]) -> str:
    summary = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    summary.update(np.ascontiguousarray(array).tobytes())
    return f"an array {summary.hexdigest()[:16]}"


def _arrays(fit: Fit) -> dict[str, NDArray[Any]]:
    """Return the record as arrays; the statistics, which nothing reads again, are left out."""
    progress, known = fit.progress, fit.calibration
    units = [] if known is None else [getattr(known, field.name) for field in fields(known)]
    return {
        "best": to_numpy(progress.best.rows),
        "ahead": to_numpy(progress.ahead.rows),
        "change": progress.change,
        "objective": progress.objective,
        "momentum": np.array([progress.momentum, progress.ceiling, progress.limit]),
        "calibration": np.array(units, np.float64),
        "trace": np.array(fit.trace, np.float64),
        "stages": np.array([fit.stage, fit.in_stage, int(fit.settled), *fit.stages], np.int64),
    }


def _fit_of(arrays: dict[str, NDArray[Any]], pool: Pool) -> Fit:
    """Return the fit that `_arrays` took apart."""
    best, ahead = (Factor(_like(pool, arrays[name])) for name in ("best", "ahead"))
    progress = Progress(arrays["change"], arrays["objective"], best, ahead, *arrays["momentum"].tolist())
    units, (stage, in_stage, settled, *stages) = arrays["calibration"].tolist(), arrays["stages"].tolist()
    calibration = Calibration(*units) if units else None
    return Fit(progress, stage, in_stage, calibration, arrays["trace"].tolist(), stages, bool(settled))


def _codes(path: Path, pool: Pool) -> Iterator[Any]:
    for i in range(pool.n_blocks):
        yield _like(pool, np.load(path / f"codes-{i}.npy", allow_pickle=False))


def _moved_on(fit: Fit, settings: Settings) -> Fit:
    """Return the fit in its next stage if the iteration before the checkpoint was the last one of a stage."""
    stage = plan_of(settings, fit).stage(fit.stage, fit.calibration, sum(fit.stages))
    settled = float(fit.progress.change[0]) <= stage.tol
    if fit.in_stage < stage.limit and not settled:
        return fit
    stages = [*fit.stages, fit.in_stage]
    return replace(fit, stage=fit.stage + 1, in_stage=0, settled=settled, stages=stages)


def _like(pool: Pool, values: NDArray[Any]) -> Any:
    like = pool.like()
    return array_namespace(like).asarray(values, dtype=like.dtype, device=device(like))


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
