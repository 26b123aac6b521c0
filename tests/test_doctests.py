"""The examples in docstrings print what they say."""

import doctest
import importlib
import pkgutil

import pytest

ROOMS = ("core", "structured", "priors", "nnls", "sbl", "estimators", "datasets")
PACKAGES = [importlib.import_module(f"laconic.{room}") for room in ROOMS]
MODULES = [found.name for room in PACKAGES for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")]
MODULES += [room.__name__ for room in PACKAGES]


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 15


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name), report=True)
    assert failed == 0
