"""The finding is computed from the figures, and says so when Kronecker does not win."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.fake_metrics import fake_metrics
from scipy.stats import binomtest

from laconic.report import compression_section
from laconic.report.statistics import newcombe, wilson
from laconic.report.words import duration, exact_factor, factor, interval, keep_shapes, mistakes, percent


def run(n_test=10000, budget=4157, cell="lstm", **accuracies):
    """Return the section of a run with these accuracies, in which every matrix is left out."""
    metrics = fake_metrics(tuple(accuracies), n_test=n_test) | {"budget_bytes": budget, "cell": cell}
    for row in metrics["rows"]:
        row |= {"accuracy": accuracies[row["method"]], "confusion": []}
    section = compression_section(metrics)
    return (section.finding + " " + section.lead).replace("\u00a0", " ").strip()


FINDINGS = {
    "kronecker wins": (
        {"dense": 0.988, "kronecker": 0.974, "lowrank": 0.945},
        "At 4.05 KB the Kronecker LSTM gets 97.4 % of the 10,000 test samples right; the dense one, 11× larger, "
        "98.8 %. Compression costs 1.4 points of accuracy (95 % interval 1.0 to 1.8). "
        "Next within the budget is the low-rank LSTM with 94.5 %, 2.9 points behind.",
    ),
    "too close to call": (
        {"dense": 0.988, "kronecker": 0.974, "hybrid": 0.973},
        "Next within the budget is the hybrid Kronecker LSTM with 97.3 %, too close to call on this test set.",
    ),
    "kronecker loses": (
        {"dense": 0.988, "kronecker": 0.96, "pruned": 0.98, "hybrid": 0.97},
        "At 4.06 KB the pruned LSTM gets 98.0 % of the 10,000 test samples right; the dense one, 11× larger, 98.8 %. "
        "Compression costs 0.8 points of accuracy (95 % interval 0.5 to 1.2). "
        "The Kronecker LSTM is not the best here: 96.0 % at 4.05 KB, 2.0 points behind.",
    ),
    "kronecker loses within chance": (
        {"kronecker": 0.97, "pruned": 0.971},
        "At 4.06 KB the pruned LSTM gets 97.1 % of the 10,000 test samples right. The Kronecker LSTM is not the best "
        "here: 97.0 % at 4.05 KB, though the difference is too small to call on this test set.",
    ),
    "compression gains": (
        {"dense": 0.95, "kronecker": 0.97},
        "At 4.05 KB the Kronecker LSTM gets 97.0 % of the 10,000 test samples right; the dense one, though 11× larger, "
        "95.0 %. The compressed model even gains 2.0 points of accuracy (95 % interval 1.5 to 2.5).",
    ),
    "few tests": (
        {"n_test": 60, "dense": 0.95, "kronecker": 0.9},
        "At 4.05 KB the Kronecker LSTM gets 90.0 % of the 60 test samples right; the dense one, 11× larger, 95.0 %. "
        "60 test samples are too few to tell the two apart.",
    ),
    "unknown number of tests": (
        {"n_test": 0, "dense": 0.95, "kronecker": 0.9},
        "At 4.05 KB the Kronecker LSTM gets 90.0 % of the test samples right; the dense one, 11× larger, 95.0 %.",
    ),
    "no kronecker": (
        {"dense": 0.99, "lowrank": 0.95, "small": 0.93, "cell": "fastgrnn"},
        "At 4.01 KB the low-rank FastGRNN gets 95.0 % of the 10,000 test samples right; the dense one, 11× larger, "
        "99.0 %. Compression costs 4.0 points of accuracy (95 % interval 3.5 to 4.5). "
        "Next within the budget is the small dense FastGRNN with 93.0 %, 2.0 points behind.",
    ),
    "one over the budget": (
        {"dense": 0.99, "kronecker": 0.97, "small": 0.93, "budget": 4000},
        "At 3.65 KB the small dense LSTM gets 93.0 % of the 10,000 test samples right; the dense one, 12× larger, "
        "99.0 %. Compression costs 6.0 points of accuracy (95 % interval 5.5 to 6.5).",
    ),
    "only dense": (
        {"dense": 0.99},
        "The dense LSTM (44.73 KB) gets 99.0 % of the 10,000 test samples right; nothing was compressed.",
    ),
    "nothing fits": (
        {"dense": 0.99, "kronecker": 0.97, "budget": 1000},
        "The dense LSTM (44.73 KB) gets 99.0 % of the 10,000 test samples right; "
        "no compressed model within the budget was measured.",
    ),
    "diverged": ({"dense": math.nan, "kronecker": None}, "No test accuracy was measured."),
    "nothing": ({}, "No test accuracy was measured."),
}


@pytest.mark.parametrize(("figures", "words"), FINDINGS.values(), ids=FINDINGS.keys())
def test_findings(figures, words):
    said = run(**figures)
    assert said == words or said.endswith(words)


@given(right=st.integers(0, 500), wrong=st.integers(0, 500))
def test_wilson_is_scipys(right, wrong):
    n = right + wrong + 1
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_newcombe_gives_his_own_example():
    """9/10 against 3/10, an example of his with both samples of one size."""
    low, high = newcombe(0.9, 0.3, 10)
    assert (low, high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@given(first=st.floats(0, 1), second=st.floats(0, 1), n=st.integers(1, 10**6))
def test_intervals_hold_what_was_seen(first, second, n):
    low, high = newcombe(first, second, n)
    assert low - 1e-12 <= first - second <= high + 1e-12
    assert newcombe(second, first, n) == pytest.approx((-high, -low), abs=1e-12)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (percent(0.97423, 10000), "97.42 %"),
        (percent(0.97423, 450), "97.4 %"),
        (percent(math.nan, 450), "–"),
        (interval(0.9742, 10000), "97.09 to 97.71"),
        (interval(0.9, 0), ""),
        (factor(11.03), "11×"),
        (factor(4.16), "4.2×"),
        (factor(9.97), "10×"),
        (exact_factor(17.579), "17.58×"),
        (exact_factor(math.nan), "–"),
        (duration(0.42), "0.4 s"),
        (duration(59.4), "59 s"),
        (duration(59.6), "1 min 00 s"),
        (duration(3599.9), "1 h 00 min"),
        (duration(7530), "2 h 06 min"),
        (duration(math.nan), "–"),
        (keep_shapes("4 gates, (5, 17) of 40 × 68"), "4 gates, (5,\u00a017) of 40\u00a0×\u00a068"),
        (mistakes([[5, 0], [0, 5]], "ab"), "No mistakes."),
        (mistakes([[4, 1], [0, 5]], "ab"), "Most frequent mistake: a taken for b (1 of 5)."),
        (mistakes([[4, 1], [2, 3]], "ab"), "Most frequent mistakes: b taken for a (2 of 5), a taken for b (1 of 5)."),
    ],
)
def test_figures_in_words(said, expected):
    assert said.replace("\u00a0", " ") == expected.replace("\u00a0", " ")
