"""What `import laconic` costs and needs."""

import importlib.metadata
import json
import subprocess
import sys

import pytest

import laconic

BLOCK_TORCH = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        absent = name.partition(".")[0] in {"torch", "skorch", "safetensors"}
        return None if absent else super().find_spec(name, path, target)

sys.meta_path = [Without if finder is PathFinder else finder for finder in sys.meta_path]
"""


def run_python(code: str) -> str:
    """Standard output of `code` in a fresh process where torch, skorch and safetensors are not installed."""
    done = subprocess.run([sys.executable, "-c", BLOCK_TORCH + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_fast_and_loads_nothing_heavy():
    code = """
import json, time
start = time.perf_counter()
import laconic
seconds = time.perf_counter() - start
heavy = [name for name in ("scipy", "sklearn", "matplotlib", "numpy") if name in sys.modules]
print(json.dumps([seconds, heavy]))
"""
    seconds, heavy = json.loads(run_python(code))
    assert seconds < 1.0
    assert heavy == []


def test_the_rooms_without_torch_load_without_torch():
    code = "import laconic; laconic.core; laconic.structured; laconic.datasets; laconic.report; laconic.cli"
    run_python(code)


@pytest.mark.parametrize(
    "use", ["import laconic.rnn", "import laconic; laconic.rnn", "from laconic.rnn import compress"]
)
def test_the_recurrent_half_without_torch_says_what_to_install(use):
    code = f"""
try:
    {use}
except ImportError as error:
    print(error)
"""
    assert "pip install 'laconic[rnn]'" in run_python(code)


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'laconic' has no attribute 'kronecker'"):
        laconic.kronecker  # noqa: B018 - asking is the test


def test_versions_agree():
    assert importlib.metadata.version("laconic") == laconic.__version__


def test_package_is_typed():
    files = importlib.metadata.files("laconic") or []
    direct_url = json.loads(importlib.metadata.distribution("laconic").read_text("direct_url.json") or "{}")
    editable = direct_url.get("dir_info", {}).get("editable", False)
    assert editable or any(str(file) == "laconic/py.typed" for file in files)
