"""Where the data of a command come from: a value small enough to be sent to another process."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laconic import datasets

if TYPE_CHECKING:
    from laconic.datasets import SequenceData


@dataclass(frozen=True)
class DataSource:
    """An .npz file, one of the known sets, or scikit-learn's embedded digits.

    Attributes
    ----------
    path : str or None
        The file; None for the digits.
    test_fraction : float
        Share of the samples to test on where the file has no test part.
    seed : int
        Of that split.
    known : str or None
        Name of the set that the file is.
    split : str
        Of a known set.
    """

    path: str | None = None
    test_fraction: float = 0.2
    seed: int = 0
    known: str | None = None
    split: str = "official"

    def load(self) -> "SequenceData":
        """Read the data."""
        if self.path is None:
            return datasets.load_digits_rows()
        if self.known is not None:
            return datasets.load_known(self.known, Path(self.path).parent, self.split)
        return datasets.load_npz(self.path, test_fraction=self.test_fraction, seed=self.seed)

    def settings(self) -> dict[str, Any]:
        """Return what tells this data from other data, as JSON values: a digest of the file, and the split."""
        if self.path is None:
            return {"data": "digits"}
        with open(self.path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part = {"test_fraction": self.test_fraction} if self.known is None else {"split": self.split}
        return {"data": digest} | part
