"""Factorisations in a report: figures show what was found, words say it, and the page stays whole in corner cases."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from report.test_codes import drawn
from report.test_html import EVIL, Page

from laconic import SparseNMF
from laconic.core.checks import DataError, ParameterError
from laconic.datasets import make_factors
from laconic.estimators import RankChoice
from laconic.report import (
    Image,
    NMFSummary,
    nmf_section,
    plot_atoms,
    plot_code_map,
    plot_objective,
    plot_profiles,
    plot_rank,
    plot_stability,
    plot_top_features,
    read_nmf,
    render_report,
)
from laconic.report.nmf.codes import ordered
from laconic.report.nmf.course import ends
from laconic.report.nmf.figures import kind_of, roughness
from laconic.report.nmf.records import as_axis, evenly

PLANTED = make_factors(80, 12, 4, 2, snr=25.0)
PARTS = np.arange(24.0).reshape(2, 12)
CHOICE = RankChoice((2, 4, 16), np.array([[0.5, 0.6], [0.2, 0.21], [0.19, 0.22]]))


@pytest.fixture(scope="module")
def model():
    return SparseNMF(4, random_state=0, n_init=2)


@pytest.fixture(scope="module")
def codes(model):
    return model.fit_transform(PLANTED.X)


@pytest.fixture(scope="module")
def summary(model, codes):
    return read_nmf("Sparse NMF", model, codes, 1.5)


# The plots --------------------------------------------------------------------------------------------------------


def sheet(figure):
    """Return the picture of a grid of images."""
    return np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)


@pytest.mark.parametrize("order", ["C", "F"])
def test_atoms_are_images_each_in_its_own_scale(order):
    figure = plot_atoms(PARTS, (3, 4), order=order, numbers=[7, 9])
    picture = sheet(figure)
    for row in PARTS:
        tile = row.reshape((3, 4), order=order) / row.max()
        places = [
            (i, j)
            for i in range(picture.shape[0] - 2)
            for j in range(picture.shape[1] - 3)
            if np.array_equal(picture[i : i + 3, j : j + 4], tile)
        ]
        assert len(places) == 1
    assert [text.get_text() for text in figure.axes[0].texts] == ["7", "9"]
    assert np.isfinite(picture).sum() == PARTS.size  # all else is see-through, in light and in dark


@pytest.mark.parametrize(("k", "shape"), [(1, (8, 8)), (64, (8, 8)), (3, (1, 64)), (5, (64, 1)), (2, (150, 100))])
def test_grids_of_any_size_can_be_drawn(k, shape):
    parts = np.random.default_rng(0).random((k, shape[0] * shape[1]))
    assert "<svg" in drawn(plot_atoms(parts, shape))
    assert max(sheet(plot_atoms(parts, shape)).shape) < 1000


def test_only_so_many_atoms_are_shown_and_zeros_stay_zeros():
    parts = np.zeros((9, 4))
    assert len(plot_atoms(parts, most=4).axes[0].texts) == 4
    assert np.nanmax(sheet(plot_atoms(parts))) == 0


def test_profiles_are_curves_from_their_base_lines():
    axes = plot_profiles(PARTS, np.linspace(400, 700, 12), label="wavelength", numbers=[5, 1]).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 1 + 0.9 * PARTS[0] / PARTS[0].max())
    np.testing.assert_allclose(axes.lines[1].get_ydata(), 0.9 * PARTS[1] / PARTS[1].max())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "5"]
    assert axes.get_xlabel() == "wavelength"
    assert axes.get_xlim() == (400, 700)


def test_top_features_come_with_their_shares_of_the_largest():
    names = [f"word {i}" for i in range(12)]
    figure = plot_top_features(PARTS, names, n_top=3, numbers=[4, 2])
    axes = [one for one in figure.axes if one.get_visible()]
    assert [one.get_title(loc="left") for one in axes] == ["part 4", "part 2"]
    assert [text.get_text() for text in axes[0].texts] == ["word 11", "word 10", "word 9"]
    np.testing.assert_allclose([bar.get_width() for bar in axes[1].patches], [1, 22 / 23, 21 / 23])
    assert plot_top_features(PARTS, n_top=1).axes[0].texts[0].get_text() == "feature 11"
    assert plot_top_features(np.eye(4)[:1], n_top=3).axes[0].texts[1:] == []  # zeros are not named


def test_the_code_map_is_ordered_by_the_largest_part():
    values = np.array([[0.0, 1.0], [3.0, 0.0], [0.5, 2.0], [1.0, 0.0]])
    assert ordered(values).tolist() == [1, 3, 2, 0]
    axes = plot_code_map(values, numbers=[8, 3]).axes[0]
    alpha = axes.images[0].get_array()[..., 3]
    np.testing.assert_array_equal(alpha > 0, values[[1, 3, 2, 0]] > 0)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["8", "3"]


def test_a_code_map_of_many_samples_says_how_many_it_shows(codes):
    axes = plot_code_map(np.tile(codes, (20, 1))).axes[0]
    assert axes.images[0].get_array().shape[0] == 400
    assert axes.get_ylabel().endswith("400 of 1,600")
    assert plot_code_map(np.zeros((3, 2))).axes[0].images[0].get_array()[..., 3].max() == 0


def test_the_objective_is_cut_where_it_becomes_another(model):
    stages = model.result_.stages
    figure = plot_objective(model.trace_, stages)
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2 or line.get_marker() == "."]
    np.testing.assert_allclose(np.concatenate([line.get_ydata() for line in curves]), model.trace_)
    assert np.concatenate([line.get_xdata() for line in curves]).tolist() == [*range(1, len(model.trace_) + 1)]
    assert figure.axes[0].get_yscale() == "log"
    assert {text.get_text() for text in figure.axes[0].texts} <= {"plain", "annealing", "final"}


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ((), (40,)),
        ((40,), (40,)),
        ((30, 10), (30, 40)),
        ((20, 10, 10), (30, 40)),
        ((10, 2, 2, 2, 24), (10, 16, 40)),
        ((8, 2, 1, 1, 1, 1, 26), (10, 14, 40)),
        ((30, 2, 2, 2, 2, 2), (30, 38, 40)),
        ((10, 2, 2, 2, 20, 4), (10, 16, 40)),
    ],
)
def test_steps_of_the_annealing_are_one_stage(stages, expected):
    assert ends(stages, 40) == expected


@pytest.mark.parametrize("trace", [[3.0], [2.0, -1.0], [0.0, 0.0], np.geomspace(1, 1e-9, 50)])
def test_any_trace_can_be_drawn(trace):
    assert "iteration" in drawn(plot_objective(np.array(trace)))


def test_stability_goes_down_with_the_numbers_of_the_parts():
    axes = plot_stability(np.array([0.5, 0.9, 0.7])).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [0.9, 0.7, 0.5]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "0"]


def test_ranks_show_the_best_and_the_smallest_as_good():
    axes = plot_rank(CHOICE).axes[0]
    np.testing.assert_allclose(axes.containers[0].lines[0].get_ydata(), CHOICE.mean)
    assert [text.get_text() for text in axes.texts] == ["best: 4"]
    choice = SimpleNamespace(**{name: getattr(CHOICE, name) for name in ("ranks", "errors", "mean", "deviation")})
    axes = plot_rank(SimpleNamespace(**vars(choice), best=16, one_se=4)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["best: 16", "smallest as good: 4"]
    assert axes.get_xscale() == "log"


def test_what_plots_refuse():
    with pytest.raises(ParameterError, match=r"plot_atoms: shape must be lines and columns of an image of 12 pixels"):
        plot_atoms(PARTS, (3, 5))
    with pytest.raises(ParameterError, match="plot_atoms: shape"):
        plot_atoms(PARTS)
    with pytest.raises(ParameterError, match="plot_atoms: most must be a whole number of at least 1, got 0"):
        plot_atoms(PARTS, (3, 4), most=0)
    with pytest.raises(DataError, match="a name for each of the 12 features, got 2"):
        plot_top_features(PARTS, ["a", "b"])
    with pytest.raises(DataError, match=r"plot_profiles: components must be of shape \(k, p\), got \(12,\)"):
        plot_profiles(PARTS[0])
    with pytest.raises(DataError, match=r"plot_code_map: codes must be of shape \(n_samples, k\), got \(0, 2\)"):
        plot_code_map(np.zeros((0, 2)))
    with pytest.raises(DataError, match="plot_objective: the trace must hold an iteration"):
        plot_objective(np.array([]))


def test_the_callers_settings_neither_matter_nor_change():
    with mpl.rc_context({"font.size": 30}):
        figure = plot_objective(np.array([2.0, 1.0]))
        assert mpl.rcParams["font.size"] == 30
    assert figure.axes[0].xaxis.label.get_size() == 10.5


# What they are drawn from -----------------------------------------------------------------------------------------


def test_a_summary_says_what_the_model_does(summary, model, codes):
    assert summary.in_a_sample == pytest.approx(np.count_nonzero(codes, axis=1).mean())
    assert summary.relative_error == model.relative_error_
    assert summary.trace[-1] == pytest.approx(model.trace_[-1] / np.sum(PLANTED.X**2))
    assert summary.use.tolist() == pytest.approx(codes.sum(axis=0).tolist())  # rows have length one
    assert np.all(np.diff(summary.use[summary.order]) <= 0)
    assert evenly(np.arange(1000.0)[:, None], 5).ravel().tolist() == [0, 249, 499, 749, 999]


@pytest.mark.parametrize(
    ("names", "axis"),
    [
        (["1", "2.5", "3e1"], [1, 2.5, 30]),
        (["3", "2", "1"], [3, 2, 1]),
        (["1", "3", "2"], None),
        (["1", "1", "2"], None),
        (["1", "nan", "2"], None),
        (["a", "b"], None),
        (["5"], None),
        ([], None),
    ],
)
def test_names_that_are_an_axis(names, axis):
    found = as_axis(names)
    assert (None if found is None else found.tolist()) == axis


def test_the_kind_of_picture_follows_from_the_features(summary):
    rough = np.random.default_rng(0).random((4, 40))
    smooth = np.array([np.exp(-((np.arange(40) - place) ** 2) / 50) for place in (5, 20, 30)])
    assert roughness(rough) == pytest.approx(1, abs=0.3)
    assert roughness(smooth) < 0.1
    assert kind_of(replace(summary, components=rough)) == "names"
    assert kind_of(replace(summary, components=smooth)) == "axis"
    assert kind_of(replace(summary, components=smooth, names=tuple("abcd" * 10))) == "names"
    assert kind_of(replace(summary, names=tuple(map(str, range(12))))) == "axis"
    assert kind_of(replace(summary, image=Image(3, 4))) == "image"
    assert kind_of(replace(summary, components=np.ones((4, 40)))) == "names"


# The page ---------------------------------------------------------------------------------------------------------


def test_the_section_says_what_was_found(summary):
    metrics = {"title": "Mine", "settings": {"prior": "rgdp", "noise": "auto"}, "caveats": ["Made up."]}
    other = NMFSummary("Another's", np.eye(12)[:3], np.eye(3)[:2], 80, np.array([1.0, 1.0, 0.0]), 0.5, 0.25)
    section = nmf_section(replace(summary, image=Image(3, 4), choice=CHOICE), metrics, others=[other])
    page = Page(render_report([section]))
    assert section.finding.startswith("Sparse NMF: 4 parts explain 80 samples with an error of ")
    assert section.lead == (
        "Another's: 3 parts (no sample uses 1 of them), 1.5 in a sample, with an error of 25\N{NO-BREAK SPACE}%."
    )
    for words in (
        "Parts, Another's", "Codes, Sparse NMF", "Objective during the fit", "Agreement of several fits", "1 unused",
        "Error of entries held out", "found from what plain NMF leaves unexplained", "Made up.", "converged",
    ):  # fmt: skip
        assert words in page.text, words
    assert "nan" not in page.text.lower()
    assert len(set(page.values("id"))) == len(page.values("id"))
    assert page.values("role").count("img") == page.tags.count("svg")


@pytest.mark.parametrize(
    ("settings", "words"), [({"noise": 0.01}, "entry; given"), ({"snr": 20.0}, "entry; from the ratio given")]
)
def test_where_the_noise_is_from(settings, words, summary):
    assert words in Page(render_report([nmf_section(summary, {"settings": settings})])).text


def test_a_fit_that_was_cut_short_says_so(summary):
    cut = replace(summary, status="max_iter", noise=None, stability=None, trace=None)
    section = nmf_section(cut, {})
    page = Page(render_report([section]))
    assert section.lead.startswith(f"The fit had not converged when its {summary.n_iter} iterations were used up: ")
    assert "iterations used up" in page.text
    assert "Course of the fit" not in page.text
    assert "weighed by the variance" not in page.text


def test_one_part_of_nothing(summary):
    nothing = NMFSummary("NMF", np.zeros((1, 5)), np.zeros((1, 1)), 1, np.zeros(1), 0.0, 0.0, trace=np.zeros(1))
    page = Page(render_report([nmf_section(nothing, {})]))
    assert "NMF: 1 part (no sample uses 1 of them)" in page.text


def test_untrusted_names_stay_text(summary):
    evil = replace(summary, name=EVIL, message=EVIL, names=(EVIL,) * 12)
    metrics = {"title": EVIL, "data": EVIL, "command": EVIL, "caveats": [EVIL], "settings": {"prior": EVIL}}
    text = render_report([nmf_section(evil, metrics)])
    assert "<script" not in text
    assert "<img" not in text
