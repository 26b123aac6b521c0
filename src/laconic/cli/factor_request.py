"""What `laconic nmf` was asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from laconic.datasets import LoadedSamples
from laconic.report.codes import Image


@dataclass(frozen=True)
class Request:
    """What to factorise, how, and where the results go.

    Attributes
    ----------
    samples : LoadedSamples
        Of shape (n, p), or (p, n) where `transpose` is set; perhaps memory-mapped.
    names : tuple of str, length p, or None
        Of the features; None takes those in the file.
    ranks : tuple of int
        Numbers of parts to choose from, by entries held out, or the only one.
    parameters : dict
        Of `SparseNMF`.
    seed, memory : int
        Memory in bytes.
    out : Path
    command : str
        As the user typed it, for the report.
    image : Image or None
    transpose, overwrite : bool
    """

    samples: LoadedSamples
    names: tuple[str, ...] | None
    ranks: tuple[int, ...]
    parameters: dict[str, Any]
    seed: int
    memory: int
    out: Path
    command: str
    image: Image | None = None
    transpose: bool = False
    overwrite: bool = False
