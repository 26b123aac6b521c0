"""Files that are either whole or not there: written to a temporary neighbour, then renamed."""

import json
import os
import secrets
from pathlib import Path
from typing import Any


def atomic_write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` so that a crash leaves the old file or the new one, never a part of it.

    If `path` is a symbolic link, the file it points to is replaced and the link stays.

    Raises
    ------
    OSError
        If the folder is missing or not writable, or the disk is full; nothing is left behind.
    """
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}.tmp")
    file = open(temporary, "xb")  # noqa: SIM115  # closed below, before the file takes its name
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def atomic_write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, as `atomic_write_bytes` does."""
    atomic_write_bytes(path, text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON, as `atomic_write_bytes` does; NaN is refused (it is not JSON)."""
    atomic_write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")
