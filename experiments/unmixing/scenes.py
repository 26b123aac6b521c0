"""Scenes to unmix: the real one from a file, or a made-up one where the file is not at hand."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laconic.datasets import make_spectral_scene

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """Pixels Y (n, pixels), end members (n, p), a library (n, m) in groups, and reference abundances (p, pixels)."""

    Y: Matrix
    endmembers: Matrix
    library: Matrix
    group: NDArray[np.int64]
    abundances: Matrix
    names: tuple[str, ...]
    lines: int
    cols: int
    column_major: bool

    def image(self, pixels: Matrix) -> Matrix:
        """Return one value a pixel (pixels,) as an image (lines, cols)."""
        return pixels.reshape(self.lines, self.cols, order="F" if self.column_major else "C")

    def by_group(self, codes: Matrix) -> Matrix:
        """Return codes (m, pixels) as abundances of the end members, (p, pixels), summed over each group.

        A library spectrum counts for as much of its group's end member as fits it best in the least-squares sense.
        """
        own = self.endmembers[:, self.group]
        amounts = codes * (np.sum(own * self.library, axis=0) / np.sum(own**2, axis=0))[:, np.newaxis]
        return np.stack([amounts[self.group == group].sum(axis=0) for group in range(len(self.names))])


def samson(path: Path) -> Scene:
    """Read hsi_samson.npz; its pixels run down the columns of the image."""
    with np.load(path, allow_pickle=False) as data:
        return Scene(
            Y=data["Y"],
            endmembers=data["E"],
            library=data["library"],
            group=data["library_group"].astype(np.int64),
            abundances=data["A"],
            names=tuple(map(str, data["names"])),
            lines=int(data["lines"]),
            cols=int(data["cols"]),
            column_major=True,
        )


def made_up(lines: int, cols: int) -> Scene:
    scene = make_spectral_scene(lines, cols, n_bands=60, n_variants=8)
    return Scene(
        Y=scene.Y,
        endmembers=scene.endmembers,
        library=scene.library,
        group=scene.group,
        abundances=scene.abundances,
        names=scene.names,
        lines=lines,
        cols=cols,
        column_major=False,
    )
