"""The user guide's code runs, and its pages show only code that is there."""

import re
import runpy
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guide"


@pytest.mark.parametrize("script", sorted(GUIDE.glob("*.py")), ids=lambda path: path.stem)
def test_the_code_runs(script, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    runpy.run_path(str(script), run_name="guide")


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda path: path.stem)
def test_every_mark_exists(page):
    text = page.read_text("utf-8")
    marks = re.findall(r':(?:start-after|end-before): "(# \[\w+\])"', text)
    scripts = {name: (GUIDE / name).read_text("utf-8") for name in re.findall(r"\{literalinclude\} (\w+\.py)", text)}
    assert all(any(f"\n{mark}\n" in script for script in scripts.values()) for mark in marks)
