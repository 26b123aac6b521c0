"""The examples in docstrings print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import laconic.core
import laconic.structured

MODULES = [
    found.name
    for package in (laconic.core, laconic.structured)
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
] + ["laconic.core", "laconic.structured"]


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 5


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name), report=True)
    assert failed == 0
