"""The section on a search: what it says, which rows it shows, and its pictures."""

import pytest

from laconic.report import planning_section, plot_front


def row(number, method, size, macs, accuracies, cell="gru"):
    return {
        "number": number, "cell": cell, "method": method, "hidden": 8, "structure": "(2, 2) ⊗ (4, 3)", "bytes": size,
        "parameters": size // 4, "macs": macs, "max_rank": 8, "learning_rate": 0.03, "accuracies": accuracies,
        "accuracy": sum(accuracies) / len(accuracies), "seconds": 2.0,
    }  # fmt: skip


ROWS = [
    row(4, "kronecker", 2000, 9000, [0.9, 0.92, 0.94]),
    row(2, "dense", 1500, 9500, [0.91]),
    row(7, "sum", 900, 4000, [0.8]),
    row(1, "lowrank", 1900, 9400, [0.7]),
]


def metrics(max_macs=10_000):
    return {
        "title": "The best network within 2.00 KB", "data": {"name": "x.npz", "n_train": 70, "n_test": 30},
        "wish": {"budget": 2048, "max_macs": max_macs, "seed": 3, "epochs": 9, "cells": ["gru"], "methods": ["dense"]},
        "n_trials": 12, "n_pruned": 8, "best": ROWS[0] | {"test_accuracy": 0.925}, "front": ROWS[:3], "findings": ROWS,
    }  # fmt: skip


def test_the_winner_and_the_front_are_told():
    section = planning_section(metrics())
    assert section.finding.startswith("GRU, Kronecker, 8 units: 92.50")
    table = section.parts[0].table
    assert [one.mark for one in table.rows] == ["best", "", ""]
    assert table.rows[0].cells[2].text == "92.00"
    assert table.rows[0].cells[2].detail == "90.00, 92.00, 94.00"
    facts = {term.name: term.text for term in section.parts[2].terms}
    assert facts["Search"] == "12 trainings, 8 of them given up early; seed 3"
    assert "Winner" not in facts


def test_the_trainings_of_the_winner_are_told_the_kept_one_first():
    found = metrics()
    found["best"]["trainings"] = [{"seed": 4, "test_accuracy": 0.925}, {"seed": 3, "test_accuracy": 0.95}]
    facts = {term.name: term.text.replace("\u00a0", " ") for term in planning_section(found).parts[2].terms}
    assert facts["Winner"] == "trained 2 times; of the test data: seed 4 92.50 %, seed 3 95.00 %; the first was kept"


def test_cells_are_called_what_the_field_calls_them():
    found = metrics() | {"best": row(1, "sum", 900, 40, [0.9], cell="fastgrnn") | {"test_accuracy": 0.9}}
    assert planning_section(found).finding.startswith("FastGRNN, ")


@pytest.mark.parametrize(("cost", "limit"), [("bytes", 2048), ("macs", None)])
def test_every_network_has_a_mark_and_the_line_climbs(cost, limit):
    axes = plot_front(ROWS, cost, limit).axes[0]
    marks = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    assert sum(len(line.get_xdata()) for line in marks) == len(ROWS)
    (climbing,) = (line for line in axes.lines if line.get_drawstyle() == "steps-post")
    heights = list(climbing.get_ydata())
    assert heights == sorted(set(heights))
    assert max(heights) == pytest.approx(92.0)
    assert len([line for line in axes.lines if line.get_linestyle() == "--"]) == (1 if limit else 0)


def test_a_single_network_can_be_drawn():
    assert plot_front(ROWS[:1], "bytes").axes[0].lines
