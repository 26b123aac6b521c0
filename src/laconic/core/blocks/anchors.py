"""Files that client and workers of a cluster all see, for states whose history is to be forgotten."""

import shutil
import tempfile
import weakref
from functools import cached_property
from pathlib import Path
from typing import Any

from laconic.core.blocks import tasks
from laconic.core.blocks.border import needed


class Anchors:
    """A temporary folder with one generation of files after the other; it goes with the client or with the process.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.folder = Path(tempfile.mkdtemp(prefix="laconic-", dir=self._place()))
        self._generation = 0
        self._remove = weakref.finalize(client, shutil.rmtree, str(self.folder), ignore_errors=True)

    @staticmethod
    def _place() -> Any:
        return needed("dask").config.get("temporary-directory", None)

    @cached_property
    def shared(self) -> bool:
        """Whether every worker sees the folder."""
        seen = self.client.run(tasks.sees, str(self.folder), on_error="ignore")
        return len(seen) > 0 and all(seen.values())

    def next_paths(self, n_blocks: int) -> list[str]:
        """Return names for the files of the next generation."""
        self._generation += 1
        folder = self._of(self._generation)
        folder.mkdir()
        return [str(folder / f"{i}.npz") for i in range(n_blocks)]

    def forget_last_but_one(self) -> None:
        """Remove the files of the generation before the last."""
        shutil.rmtree(self._of(self._generation - 1), ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder."""
        self._remove()

    def _of(self, generation: int) -> Path:
        return self.folder / str(generation)
