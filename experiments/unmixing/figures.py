"""Maps of abundances and of their uncertainty, drawn without pyplot."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from scenes import Matrix, Scene

from laconic.report.style import styled


@styled
def maps(scene: Scene, rows: dict[str, Matrix], uncertainty: Matrix) -> Figure:
    """A column of images a material: the abundances (p, pixels) of each of `rows`, then their deviation."""
    count = len(scene.names)
    figure = Figure(figsize=(2.5 * count + 1.6, 2.4 * (len(rows) + 1)))
    panels = figure.subplots(len(rows) + 1, count, squeeze=False)
    for axes, (title, abundances) in zip(panels, rows.items(), strict=False):
        shown = [_image(place, scene, values, 1.0, "viridis") for place, values in zip(axes, abundances, strict=True)]
        axes[0].set_ylabel(title)
        figure.colorbar(shown[0], ax=list(axes), label="abundance")
    top = float(np.quantile(uncertainty, 0.99))
    shown = [_image(a, scene, values, top, "magma") for a, values in zip(panels[-1], uncertainty, strict=True)]
    panels[-1, 0].set_ylabel("standard deviation")
    figure.colorbar(shown[0], ax=list(panels[-1]), label="of the abundance")
    for axes, name in zip(panels[0], scene.names, strict=True):
        axes.set_title(name)
    return figure


@styled
def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=110)


def _image(axes: Axes, scene: Scene, values: Matrix, top: float, colours: str) -> AxesImage:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return axes.imshow(scene.image(values), vmin=0, vmax=top, cmap=colours, interpolation="none")
