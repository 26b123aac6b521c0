"""Files from the web: checked by their digest, kept, and gone on with where a connection broke off; needs pooch."""

import http.client
import logging
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from laconic.core.checks import DataError

CHUNK = 2**16
"""Bytes read at once."""

PAUSES = (0.0, 0.5, 2.0)
"""Seconds before each attempt."""

_LOST = (http.client.HTTPException, TimeoutError, ConnectionError)
"""What a connection that breaks off raises, besides URLError."""


@dataclass(frozen=True)
class Remote:
    """A file on the web.

    Attributes
    ----------
    address : str
        https, or http.
    digest : str
        As "md5:..." or "sha256:...".
    """

    address: str
    digest: str

    @property
    def name(self) -> str:
        """Its name without a path."""
        return self.address.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Resuming:
    """Downloads a file, in several attempts; each begins where the last one ended, if the server can.

    What a connection has brought is kept beside the cache as NAME.part, so that another process can go on with it, too.
    """

    part: Path
    timeout: float = 30.0

    def __call__(self, address: str, output: Any, pooch: Any) -> None:
        """Leave the whole file at `output`; pooch looks at its digest then."""
        for i, pause in enumerate(PAUSES):
            time.sleep(pause)
            try:
                self._go_on(address)
                break
            except urllib.error.HTTPError as error:
                if error.code == 416:  # there is nothing after what is kept: the file is another one by now
                    self.part.unlink(missing_ok=True)
                if error.code != 416 and (error.code < 500 or i == len(PAUSES) - 1):
                    raise
            except (urllib.error.URLError, *_LOST):
                if i == len(PAUSES) - 1:
                    raise
        shutil.move(self.part, output)

    def _go_on(self, address: str) -> None:
        """Read what is missing of the file; raise `IncompleteRead` where the connection ends before it."""
        held = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Range": f"bytes={held}-"} if held else {}
        request = urllib.request.Request(address, headers=headers)
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:
            held = held if answer.status == 206 else 0
            promised = answer.headers.get("Content-Length")
            with self.part.open("ab" if held else "wb") as file:
                shutil.copyfileobj(answer, file, CHUNK)
                arrived = file.tell() - held
        if promised is not None and arrived < int(promised):
            raise http.client.IncompleteRead(b"", int(promised) - arrived)


def downloaded(remote: Remote, folder: Path) -> Path:
    """Return the path of a file, downloaded unless it is there already, its digest as it should be.

    Raises
    ------
    DataError
        If it cannot be had, or is another file than it should be; nothing is left under its name then.
    """
    if not remote.address.startswith(("https://", "http://")):
        raise DataError(f"{remote.address}: must be an address on the web")
    pooch = _pooch()
    pooch.get_logger().setLevel(logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    get = Resuming(folder / f"{remote.name}.part")
    try:
        return Path(pooch.retrieve(remote.address, remote.digest, remote.name, folder, downloader=get))
    except (urllib.error.URLError, *_LOST) as error:
        raise DataError(f"{remote.address}: cannot be downloaded ({_why(error)})") from error
    except ValueError as error:
        raise DataError(f"{remote.address}: what arrived is not the file that is known by this name") from error


def cache() -> Path:
    """Return the folder that downloaded files are kept in."""
    return Path(_pooch().os_cache("laconic"))


def _pooch() -> Any:
    try:
        return import_module("pooch")
    except ImportError as error:
        raise ImportError("downloads need pooch: pip install 'laconic[download]'") from error


def _why(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended too early; what has arrived is kept for another attempt"
    return str(getattr(error, "reason", error)) or type(error).__name__
