"""The folder that a study is written to, and how an interrupted one goes on."""

import json
from pathlib import Path
from typing import Any

from laconic.core.checks import DataError, ParameterError
from laconic.core.files import atomic_write_text, write_json

STUDY = "study.json"


class StudyFolder:
    """A folder with a study's settings, a row for each network that is trained, and the results.

    Parameters
    ----------
    path : path
    settings : dict
        JSON values that decide the results: a study goes on only with the same ones.
    resume, overwrite : bool
        What to do with a study that is there: go on, or begin anew.

    Raises
    ------
    ParameterError
        If the folder cannot be written to, or holds a study and neither flag is given.
    DataError
        If it holds a study of other settings and `resume` is given.
    """

    def __init__(self, path: str | Path, settings: dict[str, Any], *, resume: bool, overwrite: bool) -> None:
        self.path = Path(path)
        found = self._read_study()
        if found is not None and not (resume or overwrite):
            allowed = "a folder without a study (--resume goes on with it, --overwrite begins anew)"
            raise ParameterError("laconic compress", "--out", allowed, str(path))
        self._make(path)
        if found is not None and resume:
            _refuse_other_settings(found, settings, self.path)
        elif found is not None:
            self._clear()
        write_json(self.path / STUDY, settings)

    def row(self, method: str) -> dict[str, Any] | None:
        """Return the row of a network that is trained already, or None."""
        path = self._row_path(method)
        row: dict[str, Any] | None = json.loads(path.read_text("utf-8")) if path.is_file() else None
        return row

    def keep_row(self, method: str, row: dict[str, Any]) -> None:
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
            study: dict[str, Any] = json.loads((self.path / STUDY).read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path / STUDY}: cannot be read as the settings of a study ({error})") from error
        return study

    def _make(self, given: str | Path) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            atomic_write_text(self.path / ".writable", "")
            (self.path / ".writable").unlink()
        except OSError as error:
            allowed = f"a folder that can be written to ({error.strerror or error})"
            raise ParameterError("laconic compress", "--out", allowed, str(given)) from None

    def _clear(self) -> None:
        """Remove what an earlier study left, and nothing else."""
        for pattern in ("rows/*.json", "checkpoints/*/checkpoint.safetensors", "models/*.safetensors"):
            for path in self.path.glob(pattern):
                path.unlink()


def _refuse_other_settings(found: dict[str, Any], settings: dict[str, Any], path: Path) -> None:
    now = json.loads(json.dumps(settings))
    differ = [f"{name} {found.get(name)!r}, now {now.get(name)!r}" for name in now if found.get(name) != now.get(name)]
    if differ:
        raise DataError(f"{path}: --resume needs the same settings as before; it was begun with {'; '.join(differ)}")
