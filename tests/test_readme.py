"""The README's Python is run, in order and in one namespace, and its commands exist once each."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def test_python_blocks_run(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "readme"}
    for number, block in enumerate(blocks("python"), start=1):
        exec(compile(block, f"README.md, Python block {number}", "exec"), namespace)


@pytest.mark.parametrize("name", ["tour", "tests"])
def test_each_command_is_one_line_between_its_markers(name):
    text = README.read_text("utf-8").split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]
    assert re.fullmatch(r"\n```sh\npython3\.11 -m venv [^\n]+\n```\n", text)


def test_pictures_exist():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README.read_text("utf-8"))
    assert pictures
    assert all((README.parent / picture).is_file() for picture in pictures)
