"""Every name in backticks that docs/papers/*.md maps a paper's equation to exists in the library."""

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGES = (Path(__file__).parents[2] / "docs" / "papers").glob("*.md")
MAPS = sorted(page for page in PAGES if page.stem != "index")
NAME = re.compile(r"`(laconic(?:\.\w+)+)`")


def symbols() -> list[tuple[str, str]]:
    return [(page.stem, name) for page in MAPS for name in sorted(set(NAME.findall(page.read_text("utf-8"))))]


def resolve(name: str) -> object:
    """Import the longest prefix of `name` that is a module and take the rest as attributes."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize(("page", "name"), symbols())
def test_mapped_symbol_exists(page, name):
    pytest.importorskip("torch")
    assert resolve(name) is not None


def test_every_map_names_symbols():
    assert MAPS
    assert {page.stem for page in MAPS} == {page for page, _ in symbols()}


def test_a_missing_symbol_is_noticed():
    with pytest.raises(AttributeError):
        resolve("laconic.core.checks.no_such_check")
