"""A folder of results that are all there or not at all."""

import secrets
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from laconic.cli.folder import check_writable
from laconic.core.checks import ParameterError
from laconic.core.files import write_json

CODES = "codes.npz"
REPORTS = ("report.html", "metrics.json")
"""In the order in which they take their places, after the arrays: where metrics.json is, the others are."""


class Columns:
    """An .npy file of an array that is written from its first column, or row, to its last.

    Parameters
    ----------
    path : Path
    shape : (int, int)
    dtype : dtype
    order : {"F", "C"}
        Columns (F) or rows (C) one after the other.
    """

    def __init__(self, path: Path, shape: tuple[int, int], dtype: DTypeLike, order: Literal["F", "C"] = "F") -> None:
        self.path, self.dtype, self._order = path, np.dtype(dtype), order
        self._file: IO[bytes] = open(path, "xb")  # noqa: SIM115  # closed by its owner
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": order == "F", "shape": shape}
        np.lib.format.write_array_header_2_0(self._file, header)

    def append(self, part: NDArray[Any]) -> None:
        """Write the next columns, or rows."""
        self._file.write(part.astype(self.dtype, copy=False).tobytes(order=self._order))

    def close(self) -> None:
        self._file.close()

    def read(self) -> NDArray[Any]:
        """Return what was written, memory-mapped."""
        self._file.flush()
        return np.asarray(np.load(self.path, mmap_mode="r", allow_pickle=False))


class ResultFolder:
    """Results in the making: nothing has its name before all are whole, and a failure leaves what was there before.

    Parameters
    ----------
    path : Path
        The folder; made if need be.
    overwrite : bool
        Whether results that are there may be replaced.
    arrays : str
        Name of the file that arrays go into.
    """

    def __init__(self, path: Path, *, overwrite: bool, arrays: str = CODES) -> None:
        self.path, self._overwrite = path, overwrite
        self._results = (arrays, *REPORTS)
        self._work = path / f".laconic-{secrets.token_hex(8)}.tmp"
        self._made = list[Path]()
        self._columns = dict[str, Columns]()

    def __enter__(self) -> Self:
        if not self._overwrite and any((self.path / name).exists() for name in self._results):
            allowed = "a folder without results (--overwrite replaces them)"
            raise ParameterError("laconic", "--out", allowed, str(self.path))
        self._made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            check_writable(self.path)
            self._work.mkdir()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for columns in self._columns.values():
            columns.close()
        if error is None:
            shutil.rmtree(self._work)
        else:
            self._remove()

    def columns(self, name: str, shape: tuple[int, int], dtype: DTypeLike) -> Columns:
        """Return the array of this name, begun at the first call."""
        if name not in self._columns:
            self._columns[name] = Columns(self._work / f"{name}.npy", shape, dtype)
        return self._columns[name]

    def rows(self, name: str, shape: tuple[int, int], dtype: DTypeLike) -> Columns:
        """Return the array of this name that is written row by row, begun at the first call."""
        if name not in self._columns:
            self._columns[name] = Columns(self._work / f"{name}.npy", shape, dtype, "C")
        return self._columns[name]

    def written(self, name: str) -> NDArray[Any] | None:
        """Return an array that was written part by part, memory-mapped, or None."""
        return self._columns[name].read() if name in self._columns else None

    def finish(self, arrays: Mapping[str, NDArray[Any]], report: str, metrics: Mapping[str, Any]) -> None:
        """Put the results in their places: all arrays in one file, the report, and last the figures."""
        self._pack(arrays)
        (self._work / "report.html").write_text(report, "utf-8")
        write_json(self._work / "metrics.json", metrics)
        (self.path / "metrics.json").unlink(missing_ok=True)
        for name in self._results:
            (self._work / name).replace(self.path / name)

    def _pack(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write what `numpy.savez` would, without taking the large arrays into memory."""
        with zipfile.ZipFile(self._work / self._results[0], "w", allowZip64=True) as archive:
            for name, columns in self._columns.items():
                columns.close()
                archive.write(columns.path, f"{name}.npy")
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)

    def _remove(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        for folder in self._made:
            with suppress(OSError):
                folder.rmdir()
