"""The gallery's scripts run, without a warning."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("plot_*.py"))


LONG = ("plot_sensors", "plot_unmixing")
"""Which show what the guide and the tour show too."""


def scripts():
    for script in EXAMPLES:
        marks = [pytest.mark.slow] if script.stem in LONG else []
        yield pytest.param(script, marks=marks, id=script.stem)


@pytest.mark.parametrize("script", [*scripts()])
def test_the_script_runs(script):
    pytest.importorskip("torch")
    runpy.run_path(str(script))
    plt.close("all")


@pytest.mark.parametrize("package", ["lightning", "accelerate"])
def test_other_trainers_take_a_compressed_network(package):
    """In a process of its own: they change logging, warnings and random states."""
    pytest.importorskip("torch")
    pytest.importorskip(package)
    script = EXAMPLES[0].parent / f"train_with_{package}.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [float(share) for share in re.findall(r"([\d.]+) % right", done.stdout)]
    assert found
    assert all(share > 50 for share in found), done.stdout
