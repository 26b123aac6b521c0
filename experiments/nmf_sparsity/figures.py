"""The experiment's figure, drawn without pyplot."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from laconic.report.style import styled

COLOURS = ("#0067b1", "#00856a", "#a61fa0", "#cf5600", "#8a6d00", "#1b2027", "#8a939e", "#c2185b", "#5b7a00")
PANELS = {"codes": "codes above zero", "all": "codes and components above zero"}


@styled
def curves(points: dict[str, list[dict[str, Any]]], ours: set[str]) -> Figure:
    """Share of coefficients above zero against the relative error, a line a curve; peers dashed."""
    figure = Figure(figsize=(11, 5.2))
    panels = figure.subplots(1, len(PANELS), sharex=True)
    for axes, (key, title) in zip(panels, PANELS.items(), strict=True):
        axes.set_title(title, loc="left", fontsize=11)
        axes.set(xlabel="relative error", ylabel="share above zero", xlim=(0.19, 0.5), ylim=(0, 1.02))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        for colour, (name, line) in zip(COLOURS, points.items(), strict=False):  # without SPAMS a colour is left
            look = "o-" if name in ours else "s--"
            x, y = [one["relative_error"] for one in line], [one[f"share_{key}"] for one in line]
            axes.plot(x, y, look, color=colour, linewidth=1.3, markersize=4, label=name)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=9.5)
    return figure


@styled
def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
