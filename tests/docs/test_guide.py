"""The user guide's code runs, and its pages show only code that is there."""

import re
import runpy
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guide"


@pytest.mark.parametrize("script", sorted(GUIDE.glob("*.py")), ids=lambda path: path.stem)
def test_the_code_runs(script, tmp_path, monkeypatch):
    for module in ("torch", "distributed"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    runpy.run_path(str(script), run_name="guide")


def shown(page):
    """Return what a page says, and the scripts that it shows parts of."""
    text = page.read_text("utf-8")
    return text, [(GUIDE / name).read_text("utf-8") for name in set(re.findall(r"\{literalinclude\} (\w+\.py)", text))]


each_page = pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda path: path.stem)


@each_page
def test_every_mark_exists(page):
    text, scripts = shown(page)
    marks = re.findall(r':(?:start-after|end-before): "(# \[\w+\])"', text)
    assert all(any(f"\n{mark}\n" in script for script in scripts) for mark in marks)


@each_page
def test_every_command_is_run_by_a_script(page):
    text, scripts = shown(page)
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    assert all(any(f'"{command}"' in script for script in scripts) for command in commands)
