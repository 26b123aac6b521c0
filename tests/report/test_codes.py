"""Codes in a report: figures show what was found, words say it, and the page stays whole in the corner cases."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from report.test_html import EVIL, Page

from laconic.core.checks import DataError, ParameterError
from laconic.core.result import Result
from laconic.datasets import make_spectral_scene
from laconic.nnls import nnls
from laconic.report import (
    Image,
    codes_section,
    plot_codes,
    plot_evidence,
    plot_maps,
    plot_signal,
    plot_support,
    read_codes,
    render_report,
)
from laconic.report.codes import Digest, Map
from laconic.report.codes.digest import example, relative_residual
from laconic.report.codes.records import LARGEST_MAP, named_maps, shrunk
from laconic.report.palette import METHODS_OF_CODES, look, variables
from laconic.sbl import rectified_sbl

SCENE = make_spectral_scene(5, 4, n_bands=20, n_variants=3, snr=30.0)
A, Y = SCENE.library, SCENE.Y
NAMES = [SCENE.names[group] for group in SCENE.group]
IMAGE = Image(5, 4)


@pytest.fixture(scope="module")
def sbl():
    return rectified_sbl(A, Y, noise=1e-3)


@pytest.fixture(scope="module")
def codes(sbl):
    return read_codes("rsbl", A, Y, sbl, 1.5, names=NAMES, image=IMAGE, error=0.01)


@pytest.fixture(scope="module")
def plain():
    return read_codes("nnls", A, Y, nnls(A, Y), 0.1, names=NAMES, image=IMAGE, error=0.02)


def drawn(figure):
    """Return a page with the figure in it: everything is drawn."""
    from laconic.report import Figure, Part, Section

    return render_report([Section("t", "f", parts=(Part("p", figures=(Figure(figure, "a", "b"),)),))])


# The plots --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", [0, 7])
def test_the_largest_coefficients_lie_where_they_are(signal, sbl):
    axes = plot_codes(sbl, signal, names=NAMES, most=3, level=0.8).axes[0]
    x = sbl.x[:, signal]
    low, high = sbl.interval(0.8)
    order = [int(label.get_text().split("[")[1][:-1]) for label in axes.get_yticklabels()]
    assert set(order) >= set(np.flatnonzero(x > 0.01 * x.max())) & set(np.argsort(-x)[:3])
    np.testing.assert_allclose(axes.lines[0].get_xdata(), x[order])
    assert np.all(np.diff(x[order]) >= 0)
    assert len(order) <= 3
    ends = np.array([segment[:, 0] for segment in axes.collections[1].get_segments()])
    np.testing.assert_allclose(ends, np.stack([low[order, signal], high[order, signal]], axis=1))
    assert "80" in axes.get_xlabel()
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"{NAMES[i]} [{i}]" for i in order]


def test_a_single_signal_and_no_intervals(sbl):
    one = plot_codes(nnls(A, Y[:, 0])).axes[0]
    assert one.get_xlabel() == "coefficient"
    assert len(one.collections) == 1
    alone = plot_codes(rectified_sbl(A, Y[:, 0], noise=1e-3)).axes[0]
    assert len(alone.collections) == 2


def test_a_code_of_zeros():
    assert "every coefficient is zero" in drawn(plot_codes(nnls(A, -Y[:, 0])))


def test_what_plots_refuse(sbl):
    with pytest.raises(ParameterError, match=r"plot_codes: signal must be a whole number from 0 to 19, got 20"):
        plot_codes(sbl, 20)
    with pytest.raises(DataError, match="a name for each of the 9 columns, got 2"):
        plot_codes(sbl, names=["a", "b"])
    with pytest.raises(DataError, match="plot_evidence: this result has no trace"):
        plot_evidence(nnls(A, Y))


def test_the_evidence_of_one_signal_is_its_trace():
    result = rectified_sbl(A, Y[:, 0], noise=1e-3)
    axes = plot_evidence(result).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), result.trace[np.isfinite(result.trace)])
    assert axes.get_ylabel() == "log evidence"


def test_the_evidence_of_many_ends_at_zero(sbl):
    axes = plot_evidence(sbl).axes[0]
    assert axes.lines[0].get_ydata()[-1] == 0
    assert len(axes.lines[0].get_ydata()) == len(sbl.trace)
    assert axes.get_ylabel() == "log evidence, from its end"


def test_a_trace_that_is_no_evidence_is_an_objective():
    result = Result(x=np.ones(3), gap=0.0, status="converged", message="", n_iter=2, trace=np.array([2.0, 1.0]))
    assert plot_evidence(result).axes[0].get_ylabel() == "objective"


def test_a_signal_with_missing_entries_and_a_band():
    y, fit, spread = Y[:, 0].copy(), Y[:, 1], np.full(20, 0.1)
    y[3] = np.nan
    axes = plot_signal(y, fit, spread, axis=SCENE.wavelength, label="µm").axes[0]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), y)
    band = axes.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(float((fit + 0.1644854).max()))
    assert axes.get_xlabel() == "µm"


def test_maps_show_amounts_and_deviations():
    maps = [Map("a", np.eye(3), np.ones((3, 3))), Map("b", np.ones((3, 3)))]
    figure = plot_maps(maps)
    pictures = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(pictures[0], np.eye(3))
    assert len(pictures) == 3


def test_supports_are_counted(codes, plain):
    axes = plot_support([codes, plain]).axes[0]
    assert sum(axes.patches[0].get_data().values) == 20
    assert "R-SBL" in drawn(plot_support([codes, plain]))


def test_the_callers_settings_neither_matter_nor_change(sbl):
    with mpl.rc_context({"font.size": 30}):
        figure = plot_codes(sbl)
        assert mpl.rcParams["font.size"] == 30
    assert figure.axes[0].xaxis.label.get_size() == 10.5


# What they are drawn from -----------------------------------------------------------------------------------------


def test_a_digest_of_pieces_is_that_of_the_whole(sbl):
    whole, pieces = Digest(A, 20), Digest(A, 20)
    result = nnls(A, Y)
    whole.add(np.arange(20), Y, result)
    for part in (np.arange(8), np.arange(8, 20)):
        pieces.add(part, Y[:, part], replace(result, x=result.x[:, part]))
    np.testing.assert_allclose(pieces.use, whole.use)
    np.testing.assert_allclose(pieces.residual, whole.residual)
    assert [one.signal for one in pieces.examples()][1:] == [one.signal for one in whole.examples()][1:]  # the worst


def test_examples_are_the_signals_they_say(codes, sbl):
    worst = next(one for one in codes.examples if one.role == "fitted worst")
    assert worst.signal == np.argmax(relative_residual(Y, A @ sbl.x))
    doubt = np.linalg.norm(A, axis=0) ** 2 @ sbl.std**2
    assert np.argmax(doubt) in [one.signal for one in codes.examples]
    np.testing.assert_array_equal(worst.x, sbl.x[:, worst.signal])
    assert all(part.base is None for part in (worst.x, worst.y, worst.fit))  # pieces can be let go


def test_the_band_is_the_gaussian_on_the_columns_used():
    holes = Y.copy()
    holes[4, 2] = np.nan
    result = rectified_sbl(A, holes, noise=1e-3)
    found = example(A, holes, A @ result.x, result, 2, 2, "").spread
    used, kept = result.mode[:, 2] > 0, ~np.isnan(holes[:, 2])
    precision = A[kept][:, used].T @ A[kept][:, used] / 1e-3 + np.diag(1 / result.scales[used, 2])
    expected = np.sqrt(1e-3 + np.diag(A[:, used] @ np.linalg.inv(precision) @ A[:, used].T))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_missing_entries_and_empty_signals_have_a_residual():
    y = np.array([[3.0, 0.0], [4.0, 0.0], [np.nan, 0.0]])
    np.testing.assert_allclose(relative_residual(y, np.array([[0.0, 0.0]] * 3)), [1.0, 0.0])


@pytest.mark.parametrize("order", ["C", "F"])
def test_maps_add_up_columns_of_one_name(order):
    x = np.arange(24.0).reshape(4, 6)
    maps = named_maps(x, x, ["a", "b", "a", "c"], Image(2, 3, order), np.array([1.0, 5.0, 1.0, 0.0]), most=3)
    assert [one.name for one in maps] == ["b", "a"]
    np.testing.assert_array_equal(maps[1].amount, (x[0] + x[2]).reshape((2, 3), order=order))
    np.testing.assert_allclose(maps[1].std, np.hypot(x[0], x[2]).reshape((2, 3), order=order))


def test_large_maps_are_shown_as_means_of_blocks():
    picture = np.arange(600.0 * 5).reshape(600, 5)
    small = shrunk(picture)
    assert small.shape == (200, 2)
    assert small[0, 0] == picture[:3, :3].mean()
    assert small[-1, -1] == picture[-3:, 3:].mean()
    assert shrunk(np.ones((LARGEST_MAP, 3))).shape == (LARGEST_MAP, 3)


# The page ---------------------------------------------------------------------------------------------------------


def test_the_section_says_what_was_found(codes, plain):
    section = codes_section([codes, plain], {"title": "Mine", "n_columns": 9, "settings": {"noise": 1e-3}}, names=NAMES)
    page = Page(render_report([section]))
    assert section.finding.startswith("R-SBL explains 20 signals with ")
    assert "of 9 columns each" in section.finding
    assert "an error of 0.01." in section.finding
    assert "error of 0.02 instead of 0.01" in section.lead
    for words in ("Maps", "The same maps by the other methods", "noise 0.001", "fitted worst", "Log evidence during"):
        assert words in page.text
    headings = [column.title for column in section.parts[0].table.columns]
    assert headings == ["Method", "Signals", "Residual", "Columns used", "Error", "Time", "Ended"]
    assert "nan" not in page.text.lower()
    assert len(set(page.values("id"))) == len(page.values("id"))
    assert page.values("role").count("img") == page.tags.count("svg")


def test_one_method_without_truth_intervals_or_maps():
    codes = read_codes("nnls", A, Y[:, :1], nnls(A, Y[:, :1]), 0.1)
    section = codes_section([codes], {})
    page = Page(render_report([section]))
    assert section.finding.startswith("NNLS explains the signal with ")
    assert "Error" not in [column.title for column in section.parts[0].table.columns]
    assert "Intervals" not in page.text
    assert "Maps" not in page.text


def test_nothing_was_solved(plain):
    empty = replace(
        plain,
        support=np.full(3, np.nan),
        large=np.full(3, np.nan),
        residual=np.full(3, np.nan),
        examples=(),
        maps=(),
        gap=np.nan,
    )
    page = Page(render_report([codes_section([empty], {})]))
    assert "NNLS had no signal to explain." in page.text
    assert "3 without an entry" in page.text
    assert "nan" not in page.text.lower().replace("nanometre", "")


def test_untrusted_names_stay_text(sbl):
    names = [EVIL] * 9
    codes = read_codes("rsbl", A, Y, replace(sbl, message=EVIL), 1.5, names=names, image=IMAGE)
    text = render_report([codes_section([codes], {"title": EVIL, "data": EVIL, "command": EVIL}, names=names)])
    assert "<script" not in text
    assert "<img" not in text


def test_methods_have_looks_in_the_palette():
    for method in METHODS_OF_CODES:
        assert variables()[look(method).variable] == (look(method).light, look(method).dark)
