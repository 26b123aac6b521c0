"""Figures show what was measured, in colours that everyone can tell apart."""

import sys
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from report.fake_metrics import fake_metrics, fake_row

from laconic.report import plot_approximation, plot_spectra, plots
from laconic.report.palette import METHODS, look, variables
from laconic.report.records import MethodRow, read_rows
from laconic.report.words import Comparison


def rows(*methods, **options):
    found = fake_metrics(**options)["rows"] if not methods else [fake_row(method, **options) for method in methods]
    return [MethodRow.read(row) for row in found]


def test_points_lie_where_they_were_measured():
    given = rows()
    axes = plots.accuracy_against_bytes(given, 4157, 10000).axes[0]
    points = [container.lines[0].get_xydata()[0] for container in axes.containers]
    np.testing.assert_allclose(points, [(row.size, 100 * row.accuracy) for row in given])
    assert axes.get_xscale() == "log"
    assert axes.texts[0].get_text().replace("\u00a0", " ") == "budget 4.06 KB"


def test_curves_are_the_epochs():
    given = rows("dense", "kronecker")
    accuracy, loss = plots.learning_curves(given).axes
    for row, above, below in zip(given, accuracy.lines, loss.lines, strict=True):
        np.testing.assert_allclose(above.get_ydata(), [100 * epoch.valid_accuracy for epoch in row.curve])
        np.testing.assert_allclose(below.get_ydata(), [epoch.train_loss for epoch in row.curve])
        assert above.get_color() == below.get_color() == METHODS[row.method].light


def test_the_names_of_many_contenders_stay_inside_the_figure():
    curve = [{"epoch": 1, "train_loss": 1.0, "valid_accuracy": 0.5}]
    names = ["dense", "kronecker", "lowrank", *(f"{method}-16" for method in ("lowrank", "kronecker", "hmd", "pruned"))]
    figure = plots.learning_curves(read_rows([{"method": name, "curve": curve} for name in names]))
    FigureCanvasAgg(figure).draw()
    assert figure.legends[0].get_window_extent().x1 <= figure.bbox.x1


def test_confusion_shades_right_and_wrong_apart():
    row = MethodRow.read({"method": "dense", "confusion": [[8, 2], [0, 0]]})
    axes = plots.confusion(row, ["a", "b"]).axes[0]
    shades = np.asarray(axes.images[0].get_array())
    assert shades[0, 0, 2] > shades[0, 0, 0]  # blue
    assert shades[0, 1, 0] > shades[0, 1, 2]  # orange
    assert shades[1, :, 3].tolist() == [0, 0]  # a class without samples stays empty
    assert [text.get_text() for text in axes.texts] == ["8", "2"]


def test_the_callers_settings_neither_matter_nor_change():
    with mpl.rc_context({"font.size": 30, "axes.prop_cycle": mpl.cycler(color="k")}):
        figure = plots.learning_curves(rows("dense"))
        assert mpl.rcParams["font.size"] == 30
    assert figure.axes[0].yaxis.label.get_size() == 10.5


def test_pyplot_is_not_needed():
    assert "matplotlib.pyplot" not in vars(plots)
    assert not any(name.startswith("plt") for name in vars(plots))
    assert plots.__name__ in sys.modules


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted), st.floats(0.1, 5))
def test_spread_keeps_order_and_distance(heights, gap):
    moved = plots._spread(heights, gap)
    assert np.all(np.diff(moved) >= gap - 1e-6)
    assert np.mean(moved) == pytest.approx(np.mean(heights), abs=1e-6)


@pytest.mark.parametrize(("text", "short"), [("a\nb\tc", "a b c"), ("x" * 30, "x" * 11 + "…"), ("a\0b", "a\ufffdb")])
def test_shorten(text, short):
    assert plots.shorten(text, 12) == short


# ---------------------------------------------------------------- colours

# Linear RGB seen by a dichromat: Viénot, Brettel and Mollon, Color Research and Application 24 (1999), 243-252.
SEEN = {
    "normal": np.eye(3),
    "protan": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deutan": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


def linear(colour):
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    f = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 0.0089))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_methods_are_told_apart_by_most_eyes(mode, eyes):
    seen = {name: lab(SEEN[eyes] @ linear(getattr(style, mode))) for name, style in METHODS.items()}
    near = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in combinations(seen, 2)}
    assert min(near.values()) > 15, sorted(near.items(), key=lambda item: item[1])[:4]


@pytest.mark.parametrize(("mode", "paper"), [(0, "#ffffff"), (1, "#171b21")])
def test_colours_stand_out_from_the_card(mode, paper):
    light = np.array([0.2126, 0.7152, 0.0722])
    for name, values in variables().items():
        one, other = sorted([light @ linear(values[mode]), light @ linear(paper)])
        least = {"grid": 1.1, "paper": 1.0, "ink": 7.0, "muted": 4.5}.get(name, 3.0)
        assert (other + 0.05) / (one + 0.05) >= least, name


def test_markers_differ_and_unknown_methods_keep_their_look():
    assert len({style.marker for style in METHODS.values()}) == len(METHODS)
    assert look("magic") == look("magic")
    assert look("magic").name == "magic"
    assert look("magic").variable in variables()


def test_contenders_of_one_method_are_told_apart_and_a_lone_one_looks_as_its_method():
    found = read_rows([{"method": name, "accuracy": 0.9} for name in ("lowrank", "lowrank-16", "pruned-24", "magic")])
    assert len({row.look.light for row in found}) == 4
    assert [row.look.light for row in found[::2]] == [METHODS[method].light for method in ("lowrank", "pruned")]
    run = Comparison(found[1:2], "lstm", None, 0)
    assert "the low-rank LSTM (16 units) gets" in run.finding()


# Ranks ----------------------------------------------------------------------------------------------------------------


def test_spectra_are_drawn_down_to_rounding():
    rows = [
        {"method": "dense", "ranks": {"spectrum": [1.0, 0.5, 0.1]}},
        {"method": "lowrank", "ranks": {"spectrum": [1.0, 1e-9, 0.0]}},
    ]
    dense, low = plot_spectra(rows).axes[0].lines
    np.testing.assert_array_equal(dense.get_ydata(), [1.0, 0.5, 0.1])
    np.testing.assert_array_equal(np.isnan(low.get_ydata()), [False, True, True])


@pytest.mark.parametrize("shape", [(6, 8), (5, 30), (1, 1)])
def test_a_matrix_beside_what_stands_for_it(shape):
    matrix = np.random.default_rng(0).standard_normal(shape)
    axes = plot_approximation(matrix, 0.5 * matrix).axes
    assert [one.get_title() for one in axes[:2]] == ["the matrix", "what stands for it"]
    assert "50" in axes[2].get_title()
    assert plot_approximation(0 * matrix, 0 * matrix).axes[2].get_title().startswith("what is left, 0")
