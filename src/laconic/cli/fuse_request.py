"""What `laconic fuse` was asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from laconic.datasets import LoadedModalities
from laconic.report.codes import Image


@dataclass(frozen=True)
class Request:
    """Which sensors to fuse, how, and where the results go.

    Attributes
    ----------
    data : LoadedModalities
    images : dict of Image
        Of the modalities whose features are one, as the user said.
    parameters : dict
        Of `MultimodalDictionary`.
    test_fraction : float
        Share of the samples that classes are told of, where there are labels.
    seed, memory : int
        Memory in bytes.
    client : str or None
        Address of a scheduler.
    checkpoint : Path or None
    out : Path
    command : str
        As the user typed it, for the report.
    overwrite : bool
    """

    data: LoadedModalities
    images: dict[str, Image]
    parameters: dict[str, Any]
    test_fraction: float
    seed: int
    memory: int
    client: str | None
    checkpoint: Path | None
    out: Path
    command: str
    overwrite: bool = False
