"""The gallery's scripts run, without a warning."""

import runpy
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("plot_*.py"))


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_the_script_runs(script):
    pytest.importorskip("torch")
    runpy.run_path(str(script))
    plt.close("all")
