"""`laconic.RectifiedSBL` and its like: there when asked for, not before."""

import doctest
import json
import subprocess
import sys

import pytest

import laconic
import laconic.estimators


@pytest.mark.parametrize("name", laconic.estimators.__all__)
def test_estimators_are_names_of_the_package(name):
    assert getattr(laconic, name) is getattr(laconic.estimators, name)
    assert name in dir(laconic)
    assert name in laconic.__all__


def test_nothing_is_loaded_before_it_is_asked_for():
    code = """
import json, sys
import laconic
dir(laconic)
before = [name for name in ("sklearn", "numpy", "laconic.estimators") if name in sys.modules]
laconic.SparseNNLS
print(json.dumps([before, "laconic.estimators" in sys.modules, "torch" in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], True, False]


@pytest.mark.parametrize("module", ["rectified_sbl", "rectified_sbl_cv", "sparse_nnls", "sparse_nnls_cv"])
def test_examples(module):
    failed, tried = doctest.testmod(sys.modules[f"laconic.estimators.{module}"], report=True)
    assert failed == 0
    assert tried > 0
