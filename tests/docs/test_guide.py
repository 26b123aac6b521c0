"""The user guide's code runs, and its pages show only code that is there."""

import re
import runpy
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guide"


LONG = {
    "codes": {"noise", "products", "torch", "estimators", "command"},
    "factors": {"rank", "torch", "dask", "after"},
    "sensors": {"array", "frame", "tree", "map", "own", "noise", "classes", "any", "stream", "large", "dask",
                "checkpoint", "after", "torch", "reference"},
}  # fmt: skip
"""Parts of the pages that take long, by their marks; nothing that is left hangs on them."""


def pages():
    """Every page, where it takes long without such parts; these pages as a whole are slow."""
    for script in sorted(GUIDE.glob("*.py")):
        yield pytest.param(script, LONG.get(script.stem, set()), id=script.stem)
        if script.stem in LONG:
            yield pytest.param(script, set(), id=f"{script.stem}, whole", marks=pytest.mark.slow)


def without(script, parts):
    """Return a script's code but for some of its parts."""
    first, *rest = re.split(r"^# \[(\w+)\]\n", script.read_text("utf-8"), flags=re.MULTILINE)
    assert parts <= set(rest[::2])
    return first + "".join(code for mark, code in zip(rest[::2], rest[1::2], strict=True) if mark not in parts)


@pytest.mark.parametrize(("script", "left_out"), [*pages()])
def test_the_code_runs(script, left_out, tmp_path, monkeypatch):
    for module in ("torch", "distributed"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / script.name).write_text(without(script, left_out), "utf-8")
    runpy.run_path(str(tmp_path / script.name), run_name="guide")


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
