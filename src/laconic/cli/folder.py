"""The folder that a study is written to, and how an interrupted one goes on."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from laconic.cli.endings import option
from laconic.core.checks import DataError, ParameterError
from laconic.core.files import atomic_write_text, write_json

try:
    import fcntl
except ImportError:  # not a Unix system: two runs in one folder are not noticed there
    fcntl = None  # type: ignore[assignment]  # what the test below looks for

STUDY = "study.json"
RESULTS = ("metrics.json", "table.md", "report.html")
_LATER = {"quantization": 0.0, "forget_bias": 1.0}
"""Settings that earlier versions did not have, and what they did."""

_STALE = ("rows/*.json", "checkpoints/*/checkpoint.safetensors", "models/*.safetensors", "models/*.json", *RESULTS)
_HALF_WRITTEN = (".*.tmp", "rows/.*.tmp", "models/.*.tmp", "checkpoints/*/.*.tmp")


class StudyFolder:
    """A folder with a study's settings, a row for each network that is trained, and the results.

    Parameters
    ----------
    path : path
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @contextmanager
    def open(self, settings: Mapping[str, Any], *, resume: bool, overwrite: bool) -> Iterator[None]:
        """Hold the folder for a study, made if need be, with nothing in it that is not of this study.

        Parameters
        ----------
        settings : mapping
            JSON values that decide the results: a study goes on only with the same ones.
        resume, overwrite : bool
            What to do with a study that is there: go on, or begin anew.

        Raises
        ------
        ParameterError
            If the folder cannot be written to, or holds something and no flag says what to do with it.
        DataError
            If it holds a study of other settings and `resume` is given, or another process works in it.
        """
        found = self._read_study()
        self._refuse(found, settings, resume, overwrite)
        check_writable(self.path)
        with _alone_in(self.path):
            self._remove(_HALF_WRITTEN if resume else _HALF_WRITTEN + _STALE)
            write_json(self.path / STUDY, settings)
            yield

    def row(self, method: str) -> dict[str, Any] | None:
        """Return the row of a network that is trained and whose model is there, or None."""
        try:
            row: dict[str, Any] = json.loads(self._row_path(method).read_text("utf-8"))
            model = self.path / row["model"]
        except (OSError, ValueError, KeyError):
            return None
        return row if model.is_file() and model.with_suffix(".json").is_file() else None

    def keep_row(self, method: str, row: Mapping[str, Any]) -> None:
        """Keep the row of a network that has just been trained."""
        self._row_path(method).parent.mkdir(exist_ok=True)
        write_json(self._row_path(method), row)

    def write(self, name: str, text: str) -> None:
        """Write a result."""
        atomic_write_text(self.path / name, text)

    def _row_path(self, method: str) -> Path:
        return self.path / "rows" / f"{method}.json"

    def _read_study(self) -> dict[str, Any] | None:
        try:
            study = json.loads((self.path / STUDY).read_text("utf-8"))
            return dict(study)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{self.path / STUDY} cannot be read as the settings of a study ({error})") from error

    def _refuse(self, found: dict[str, Any] | None, settings: Mapping[str, Any], resume: bool, overwrite: bool) -> None:
        if found is not None and resume:
            _refuse_other_settings(found, settings, self.path)
        elif not overwrite and (found is not None or any((self.path / name).exists() for name in RESULTS)):
            allowed = "a folder without results (--resume goes on with a study, --overwrite replaces it)"
            raise ParameterError("laconic compress", "--out", allowed, str(self.path))

    def _remove(self, patterns: tuple[str, ...]) -> None:
        for path in (path for pattern in patterns for path in self.path.glob(pattern)):
            path.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Make a folder, or raise `ParameterError` if nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write_text(folder / ".writable", "")
        (folder / ".writable").unlink()
    except OSError as error:
        allowed = f"a folder that can be written to ({error.strerror or error})"
        raise ParameterError("laconic", "--out", allowed, str(folder)) from None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep a second run out of a folder for as long as this one lives."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(f"{folder}: another laconic works in this folder; wait for it or choose another") from None


def _refuse_other_settings(found: Mapping[str, Any], settings: Mapping[str, Any], path: Path) -> None:
    now, before = json.loads(json.dumps(settings)), {**_LATER, **found}
    changes = [_change(name, before.get(name), value) for name, value in now.items() if before.get(name) != value]
    if changes:
        raise DataError(f"{path}: --resume needs the settings that the study was begun with; {', '.join(changes)}")


def _change(name: str, before: object, now: object) -> str:
    return "the data differ" if name == "data" else f"{option(name)} was {before}, now {now}"
