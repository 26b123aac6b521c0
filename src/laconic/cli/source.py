"""Where the data of a command come from: a value small enough to be sent to another process."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from laconic.datasets import SequenceData, load_digits_rows, load_npz


@dataclass(frozen=True)
class DataSource:
    """An .npz file, or scikit-learn's embedded digits.

    Attributes
    ----------
    path : str or None
        The file; None for the digits.
    test_fraction : float
        Share of the samples to test on where the file has no test part.
    seed : int
        Of that split.
    """

    path: str | None = None
    test_fraction: float = 0.2
    seed: int = 0

    def load(self) -> SequenceData:
        """Read the data."""
        if self.path is None:
            return load_digits_rows()
        return load_npz(self.path, test_fraction=self.test_fraction, seed=self.seed)

    def fingerprint(self) -> str:
        """Return what tells this data from other data: a digest of the file, and the split."""
        if self.path is None:
            return "digits"
        digest = hashlib.sha256(Path(self.path).read_bytes()).hexdigest()
        return f"{digest[:16]}, test fraction {self.test_fraction}, seed {self.seed}"
