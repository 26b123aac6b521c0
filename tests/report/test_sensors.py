"""Dictionaries of several sensors in a report: figures show what was learned, and the page is whole in corner cases."""

import warnings
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from report.test_codes import drawn
from report.test_html import EVIL, Page
from sklearn.exceptions import ConvergenceWarning

from laconic import MultimodalDictionary
from laconic.core.checks import ParameterError
from laconic.datasets import make_sensors
from laconic.report import (
    Accuracy,
    Image,
    Sensor,
    plot_linked_atoms,
    plot_missing,
    plot_noise,
    plot_reconstructed_images,
    plot_reconstructions,
    plot_sensor_accuracy,
    plot_sensor_codes,
    plot_use,
    read_sensors,
    render_report,
    sensors_section,
)
from laconic.report.palette import NEGATIVE, POSITIVE
from laconic.report.sensors import Tally, sample_of
from laconic.report.sensors.atoms import SIBLINGS, arranged
from laconic.report.sensors.families import families, order_of
from laconic.report.sensors.tiles import image_of, smaller
from laconic.report.sensors.use import strongest_first
from laconic.report.shades import shades

PLANTED = make_sensors(80, (6, 9), n_atoms=8, n_nonzero=1, snr=(30.0, 15.0), missing=0.25)
X = PLANTED.X
IMAGES = {"a": Image(2, 3), "b": Image(3, 3)}
ACCURACIES = (
    Accuracy("both sensors", 0.9, 50, "ours"),
    Accuracy("a alone", 0.8, 50, "ours"),
    Accuracy("both sensors", 0.7, 50, "theirs"),
)


def fitted(values=X, **parameters):
    known = {"noise": 0.01, "sparsity": 1, "cycles": 0, "max_iter": 5, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MultimodalDictionary(**{"n_atoms": 8, **known, **parameters}).fit(values)


@pytest.fixture(scope="module")
def model():
    return fitted()


@pytest.fixture(scope="module")
def summary(model):
    return read_sensors("Dictionaries", model, X, seconds=1.5)


def sensor(links, name="a", n_features=4, energy=None, **more):
    """Return a modality with these links."""
    n = len(links)
    rng = np.random.default_rng(0)
    energy = np.ones(n) if energy is None else np.asarray(energy, float)
    codes = rng.normal(size=(5, n))
    known = {"usage": np.ones(n), "codes": codes, "noise": 0.01, "unit": 1.0, "present": 1.0, "active": 1.0}
    return Sensor(
        name,
        rng.normal(size=(n, n_features)),
        np.asarray(links, float),
        energy=energy,
        relative_error=0.1,
        **known,
        **more,
    )


# What is drawn ----------------------------------------------------------------------------------------------------


def test_shades_are_blank_at_zero_and_tell_signs():
    found = shades(np.array([0.0, 2.0, -1.0, np.nan, 9.0]), 2.0)
    assert found[:, 3].tolist() == [0, 1, 0.5, 0, 1]
    np.testing.assert_array_equal(found[1, :3], POSITIVE)
    np.testing.assert_array_equal(found[2, :3], NEGATIVE)
    assert shades(np.zeros(2), 0.0)[:, 3].tolist() == [0, 0]
    assert shades(np.array([0.25]), 1.0, power=0.5)[0, 3] == 0.5


def test_families_are_what_scales_link():
    pairs = families([sensor(np.eye(3), energy=[1, 3, 2]), sensor(np.eye(3), energy=[1, 3, 2])])
    assert [one.atoms for one in pairs] == [((1,), (1,)), ((2,), (2,)), ((0,), (0,))]
    assert pairs[0].share == pytest.approx(0.5)
    roots, children = np.eye(2)[:, [0, 0, 1, 1]], np.eye(4)
    tree = families([sensor(roots), sensor(children, energy=[1, 2, 4, 3])])
    assert [one.atoms for one in tree] == [((1,), (2, 3)), ((0,), (1, 0))]
    assert order_of(tree, 1).tolist() == [2, 3, 1, 0]
    alone = families([sensor(np.eye(1, 3)), sensor(np.eye(2, 3, 1))])
    assert sorted(one.atoms for one in alone) == [((), (0,)), ((), (1,)), ((0,), ())]


def test_where_everything_is_linked_atoms_go_to_their_strongest_scale():
    links = np.eye(3) + 0.1
    assert [one.atoms for one in families([sensor(links), sensor(links)])] == [((i,), (i,)) for i in range(3)]
    assert len(families([sensor(np.ones((4, 1)))])) == 1


def numbers(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_linked_atoms_stand_side_by_side(summary):
    figure = plot_linked_atoms(summary.sensors)
    expected = [str(family.atoms[0][0]) for family in families(summary.sensors)]
    assert numbers(figure) == expected  # a pair has one number
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) in (6, 9)]
    assert len(curves) == 16
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b"]
    first = families(summary.sensors)[0].atoms[0][0]
    row = summary.sensors[0].components[first]
    heights = curves[0].get_ydata() + 0.5
    np.testing.assert_allclose(heights, 0.46 * row / np.abs(row).max())


def test_images_and_curves_may_stand_together(summary):
    a, b = summary.sensors
    figure = plot_linked_atoms((a, replace(b, image=Image(3, 3))))
    assert len(figure.axes[0].images) == 8
    tile = figure.axes[0].images[0].get_array()
    atom = b.components[families(summary.sensors)[0].atoms[1][0]].reshape(3, 3)
    np.testing.assert_allclose(tile, shades(atom, np.abs(atom).max()))
    assert "<svg" in drawn(figure)


def test_large_families_are_cut_and_say_so():
    figure = plot_linked_atoms([sensor(np.ones((9, 1))), sensor(np.ones((1, 1)), "b")])
    assert numbers(figure) == [*map(str, range(SIBLINGS)), f"+{9 - SIBLINGS}", "0"]


@pytest.mark.parametrize(("n", "most", "n_features"), [(1, 72, 1), (3, 1, 4), (100, 72, 30), (200, 5, 1000)])
def test_any_number_of_atoms_can_be_drawn(n, most, n_features):
    both = [sensor(np.eye(n), n_features=n_features), sensor(np.eye(n), "b", n_features=2)]
    rows = arranged(both, most)
    assert 1 <= sum(map(len, rows)) <= max(1, most // 2)
    assert len(rows) == 1 or len(rows[-1]) == len(rows[-2]) or sum(map(len, rows)) == n
    assert "<svg" in drawn(plot_linked_atoms(both, most=most))


def test_what_is_taken_for_an_image():
    rng, side = np.random.default_rng(0), 8
    lines, cols = np.mgrid[:side, :side]
    blobs = [np.exp(-((lines - i) ** 2 + (cols - j) ** 2) / 6).ravel() for i, j in rng.integers(8, size=(9, 2))]
    one = sensor(np.eye(9), n_features=64)
    assert image_of(replace(one, components=np.array(blobs))) == Image(8, 8)
    assert image_of(replace(one, components=rng.normal(size=(9, 64)))) is None
    bumps = [np.exp(-((np.arange(64) - place) ** 2) / 40) for place in rng.integers(64, size=9)]
    assert image_of(replace(one, components=np.array(bumps))) is None  # a curve cut into lines
    assert image_of(replace(one, components=np.array(blobs), names=tuple(map(str, range(64))))) is None
    assert image_of(replace(one, image=Image(4, 16))) == Image(4, 16)
    assert image_of(replace(one, components=np.zeros((9, 64)))) is None


def test_large_images_are_shown_as_means():
    picture = np.arange(100.0 * 60).reshape(100, 60)
    assert smaller(picture).shape == (33, 20)
    assert smaller(picture)[0, 0] == picture[:3, :3].mean()
    assert smaller(np.ones((3, 4))).shape == (3, 4)


def test_use_is_in_the_order_of_the_families(summary):
    every = families(summary.sensors)
    figure = plot_use(summary.sensors)
    for place, (axes, one) in enumerate(zip(figure.axes, summary.sensors, strict=True)):
        shares = 100 * one.energy / one.energy.sum()
        np.testing.assert_allclose([bar.get_height() for bar in axes.patches], shares[order_of(every, place)])
        assert axes.get_title(loc="left") == one.name
    usage = plot_use(summary.sensors, "usage").axes[1]
    expected = 100 * summary.sensors[1].usage[order_of(every, 1)]
    np.testing.assert_allclose([bar.get_height() for bar in usage.patches], expected)
    with pytest.raises(ParameterError, match="plot_use: what must be one of 'energy', 'usage', got 'noise'"):
        plot_use(summary.sensors, "noise")


def test_code_maps_share_their_order_and_are_grey_where_a_modality_is_missing(summary):
    rows = strongest_first(summary.sensors)
    assert sorted(rows.tolist()) == list(range(80))
    figure = plot_sensor_codes(summary.sensors)
    for place, (axes, one) in enumerate(zip(figure.axes, summary.sensors, strict=True)):
        alpha = axes.images[0].get_array()[..., 3]
        codes = one.codes[rows][:, order_of(families(summary.sensors), place)]
        np.testing.assert_array_equal(alpha > 0, np.nan_to_num(codes) != 0)
    missing = np.isnan(summary.sensors[1].codes).all(axis=1)[rows]
    grey = sum(round(patch.get_height()) for patch in figure.axes[1].patches)
    assert grey == missing.sum() == 20
    assert not figure.axes[0].patches


def test_reconstructions_have_their_bands(summary):
    one = next(sample for sample in summary.samples if sample.role == "without b")
    axes = plot_reconstructions([one], summary.sensors[1], 1).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), one.fit[1])
    assert np.isnan(axes.lines[1].get_ydata()).all()
    ends = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert ends.max() == pytest.approx((one.fit[1] + 1.645 * one.std[1]).max(), rel=1e-3)
    assert "without b" in axes.get_title(loc="left")


def test_reconstructed_images_and_what_was_hidden(model, summary):
    truth = {name: np.arange(float(values.shape[1])) for name, values in X.items()}
    given = {"a": X["a"][:1], "b": np.full((1, 9), np.nan)}
    one = sample_of(model, given, 0, "without b", truth)
    figure = plot_reconstructed_images([one], list(IMAGES.values()))
    assert len(figure.axes[0].images) == 8  # read, reconstructed, deviation, truth of both
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == 1
    assert "truth" in numbers(figure)
    plain = plot_reconstructed_images(summary.samples[:1], list(IMAGES.values()))
    assert "truth" not in numbers(plain)
    assert len(plain.axes[0].images) == 6


def test_noise_is_a_share_of_the_power(summary):
    texts = numbers(plot_noise(summary.sensors))
    for text, one in zip(texts, summary.sensors, strict=True):
        power = np.nanmean(X[one.name] ** 2)
        assert one.noise_share == pytest.approx(0.01 / power)
        assert one.snr == pytest.approx(10 * np.log10(power / 0.01 - 1))
        assert text.endswith("deviation 0.1")
    assert np.isnan(replace(summary.sensors[0], noise=1e9).snr)
    assert "<svg" in drawn(plot_noise([replace(summary.sensors[0], noise=1e9)]))
    assert "<svg" in drawn(plot_noise([replace(summary.sensors[0], noise=0.0)]))


def test_who_is_missing_where(summary):
    assert summary.patterns == (((True, True), 60), ((True, False), 20))
    dots, bars = plot_missing(summary.sensors, summary.patterns).axes
    assert [bar.get_width() for bar in bars.patches] == [60, 20]
    assert len(dots.lines) == 4
    many = tuple(((True, bool(i % 2)), 100 - i) for i in range(15))
    assert [bar.get_width() for bar in plot_missing(summary.sensors, many).axes[1].patches][-1] == 88 + 87 + 86


def test_accuracies_of_several_methods_share_their_lines():
    figure = plot_sensor_accuracy(ACCURACIES)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a alone", "both sensors"]
    assert [text.get_text() for text in figure.legends[0].texts] == ["ours", "theirs"]
    assert not plot_sensor_accuracy(ACCURACIES[:2]).legends


def test_the_callers_settings_neither_matter_nor_change(summary):
    with mpl.rc_context({"font.size": 30}):
        figure = plot_noise(summary.sensors)
        assert mpl.rcParams["font.size"] == 30
    assert figure.axes[0].xaxis.label.get_size() == 10.5


# What they are drawn from -----------------------------------------------------------------------------------------


def test_a_summary_says_what_the_model_does(summary, model):
    codes, there = model.codes(X), {name: ~np.isnan(values).all(axis=1) for name, values in X.items()}
    for one in summary.sensors:
        values, found = X[one.name][there[one.name]], codes[one.name][there[one.name]]
        left = np.linalg.norm(values - found @ model.components_[one.name]) / np.linalg.norm(values)
        assert one.relative_error == pytest.approx(left)
        assert one.active == pytest.approx(np.count_nonzero(found, axis=1).mean())
        assert one.present == there[one.name].mean()
        np.testing.assert_allclose(one.codes[there[one.name]], found)
        assert np.isnan(one.codes[~there[one.name]]).all()
    assert summary.log_likelihood == model.log_likelihood_
    roles = [sample.role for sample in summary.samples]
    assert roles == ["typical", "fitted worst", "without b"]
    assert summary.samples[2].lacks(1)


def test_blocks_add_up_to_the_whole(model, summary):
    tally = Tally(model, 80)
    for first in range(0, 80, 30):
        block = {name: values[first : first + 30] for name, values in X.items()}
        tally.add(first, block, model.codes(block))
    for one, whole in zip(tally.sensors({}, {}), summary.sensors, strict=True):
        assert one.relative_error == pytest.approx(whole.relative_error)
        assert one.active == pytest.approx(whole.active)
        np.testing.assert_allclose(one.codes, whole.codes, atol=1e-9)
    assert tally.patterns() == summary.patterns
    assert list(tally.chosen().values()) == ["typical", "fitted worst", "without b"]


def test_columns_of_one_array_are_read_alike(summary):
    columns = {"b": slice(6, 15), "a": slice(0, 6)}
    whole = np.hstack([X["a"], X["b"]])
    whole[0, 3] = np.nan
    found = read_sensors("Columns", fitted(whole, modalities=columns), whole)
    assert [one.name for one in found.sensors] == ["b", "a"]
    assert found.sensors[1].missing_entries == 1
    assert found.sensors[0].n_features == 9
    assert found.samples[0].given[0].shape == (9,)


def test_a_frame_is_read_without_a_warning():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X["a"], columns=list("uvwxyz"))
    found = read_sensors("Frame", fitted(frame), frame)
    assert found.sensors[0].name == "x"


# The page ---------------------------------------------------------------------------------------------------------


def test_the_section_says_what_was_found(summary):
    metrics = {"title": "Mine", "settings": {"noise": 0.01, "n_atoms": {"a": 8}}, "caveats": ["Made up."]}
    section = sensors_section(summary, metrics)
    page = Page(render_report([section]))
    assert section.finding.startswith("Dictionaries: 8 + 8 atoms explain 80 samples with errors of ")
    assert section.lead.startswith("The fit had not converged when its 5 steps were used up")
    for words in (
        "Atoms and their links", "Codes, Dictionaries", "Where a sensor is missing", "Log-likelihood during the fit",
        "Samples, b", "8 used", "; given", "Made up.", "its expected signal is zero", "Learned in 1.5", "n_atoms (a 8)",
    ):  # fmt: skip
        assert words in page.text, words
    assert "nan" not in page.text.lower()
    assert len(set(page.values("id"))) == len(page.values("id"))
    assert page.values("role").count("img") == page.tags.count("svg")


def test_classes_come_first_where_they_were_told(summary):
    section = sensors_section(replace(summary, accuracies=ACCURACIES), {"settings": {"noise": "auto"}})
    page = Page(render_report([section]))
    expected = "Dictionaries tells 90.0 % of the classes from both sensors, 80.0 % from a alone."
    assert section.finding.replace("\N{NO-BREAK SPACE}", " ") == expected
    assert section.lead.startswith("8 + 8 atoms explain")
    assert section.parts[0].heading == "Classes told"
    assert "found by how well hidden features are predicted" in page.text


def test_all_images_make_one_picture_of_samples(summary):
    seen = replace(summary, sensors=tuple(replace(one, image=IMAGES[one.name]) for one in summary.sensors))
    text = Page(render_report([sensors_section(seen, {})])).text
    assert "a, b, side by side: what was read" in text
    assert "Hatched where nothing was read: zero is expected there" in text
    mixed = replace(summary, sensors=(seen.sensors[0], summary.sensors[1]), scaling="center")
    text = Page(render_report([sensors_section(mixed, {})])).text
    assert "Drawn as images (a), curves (b)" in text
    assert "The mean of each feature was taken off first" in text


@pytest.mark.filterwarnings("ignore:.*atoms of .* are in use in no sample")
def test_one_modality_of_nothing():
    nothing = {"x": np.zeros((3, 4))}
    section = sensors_section(read_sensors("Nothing", fitted(nothing, n_atoms=2), nothing), {})
    page = Page(render_report([section]))
    assert section.finding.startswith("Nothing: 2 atoms explain 3 samples with errors of 0")
    assert "Where a sensor is missing" not in page.text


def test_untrusted_names_stay_text(summary):
    first, second = summary.sensors
    evil = replace(summary, name=EVIL, message=EVIL, sensors=(replace(first, name=EVIL, names=(EVIL,) * 6), second))
    evil = replace(evil, accuracies=(Accuracy(EVIL, 0.5, 10, EVIL),))
    metrics = {"title": EVIL, "data": EVIL, "command": EVIL, "caveats": [EVIL], "settings": {"noise": EVIL}}
    text = render_report([sensors_section(evil, metrics)])
    assert "<script" not in text
    assert "<img" not in text
