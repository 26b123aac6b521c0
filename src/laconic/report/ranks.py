"""Ranks of gates: how the singular values of trained weights fall, and a matrix beside what stands for it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Plot
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from laconic.report.palette import Look, distinct_looks
from laconic.report.plots import shorten
from laconic.report.section import Figure, Part, Term
from laconic.report.shades import shades
from laconic.report.style import styled
from laconic.report.words import SPACE

Row = Mapping[str, Any]
LEAST = 1e-6
"""Singular values below this share of the largest are not drawn."""


def ranks_part(rows: Sequence[Row], looks: Mapping[str, Look]) -> tuple[Part, ...]:
    """Return what is to be said of the ranks of trained gates, where it was measured."""
    rows = [row for row in rows if (row.get("ranks") or {}).get("spectrum")]
    if not rows:
        return ()
    text = (
        "Singular values of each gate's matrix [W U] over the largest, mean over the gates, after training. A "
        "Kronecker product may have many of them where a low-rank matrix of the same size has a few."
    )
    said = [f"{looks[row['method']].name}: {_said(row['ranks'])}" for row in rows]
    figure = Figure(plot_spectra(rows, looks), "Singular values of the gates", f"{'; '.join(said)}.")
    terms = tuple(Term(looks[row["method"]].name, f"{_said(row['ranks'])}.", looks[row["method"]].key) for row in rows)
    return (Part("Ranks after training", text, figures=(figure,), terms=terms),)


def _said(ranks: Mapping[str, Any]) -> str:
    condition = ranks.get("condition")
    words = f"rank at least {ranks['rank']}, effectively {ranks['effective_rank']:.1f}"
    return words + (f", condition number at most {condition:.3g}" if condition else ", not of full rank")


@styled
def plot_spectra(rows: Sequence[Row], looks: Mapping[str, Look] | None = None) -> Plot:
    """Draw for each method the mean singular values of its gates, over the largest, in descending order."""
    looks = looks or distinct_looks([row["method"] for row in rows])
    figure = Plot(figsize=(6.4, 3.6))
    axes = figure.subplots()
    for row in rows:
        values = np.asarray(row["ranks"]["spectrum"], np.float64)
        style, shown = looks[row["method"]], np.where(values > LEAST, values, math.nan)
        end = [int(np.sum(values > LEAST)) - 1]
        line: dict[str, Any] = {"color": style.light, "ls": style.dash, "marker": style.marker, "markevery": end}
        axes.plot(np.arange(1, len(values) + 1), shown, label=shorten(style.name, 22), **line)
    axes.set(yscale="log", xlabel="number of the singular value", ylabel="over the largest (log scale)")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside upper left", ncols=3, fontsize=9.5)
    return figure


@styled
def plot_approximation(matrix: NDArray[Any], approximation: NDArray[Any]) -> Plot:
    """Draw a matrix, what stands for it, and what is left, all in the same colours: blue above zero, orange below.

    Parameters
    ----------
    matrix, approximation : array of shape (m, n)
        Such as a weight matrix and `laconic.structured.nearest(matrix, template).dense()`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    left = np.asarray(matrix, np.float64) - approximation
    lost = float(np.linalg.norm(left)) / max(float(np.linalg.norm(matrix)), 1e-300)
    titles = ("the matrix", "what stands for it", f"what is left, {100 * lost:.0f}{SPACE}%")
    (m, n), most = matrix.shape, float(np.abs(matrix).max())
    down = n > 2 * m
    figure = Plot(figsize=(5.2, 1.2 + 15.6 * m / n) if down else (8.4, 1.0 + 2.7 * m / n))
    grid = figure.subplots(3 if down else 1, 1 if down else 3, squeeze=False).ravel()
    for axes, one, title in zip(grid, (matrix, approximation, left), titles, strict=True):
        axes.imshow(shades(one, most), interpolation="none", aspect="equal")
        axes.set_title(title, fontsize=10)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    return figure
