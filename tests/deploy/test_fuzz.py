"""The fuzzers run, a short while; and they find what is broken on purpose."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "fuzz"

pytest.importorskip("torch")
pytest.importorskip("resource")  # which limits memory, on Unix alone


def fuzz(*words):
    done = subprocess.run(
        [sys.executable, str(FUZZ / "run.py"), *words], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_c_withstands_any_bytes():
    code, found = fuzz("c", "--few", "--minutes", "0.05")
    if "skipped" in found["c"]:
        pytest.skip(found["c"]["skipped"])
    assert (code, found["c"]["findings"]) == (0, [])
    assert min(found["c"]["outcomes"].values()) > 100


@pytest.mark.slow
def test_eight_lanes_withstand_any_bytes(tools, tmp_path):
    """Which take a minute to build."""
    cases, programs, _ = tools
    engine = programs.engine(tmp_path)
    if engine is None:
        pytest.skip("needs clang with libFuzzer, or gcc with its sanitizers")
    found = programs.fuzz(cases.CASES[1], programs.WAYS[2], engine, tmp_path / "eight", 0, 1)
    assert found.findings == ()
    assert min(found.counts.values()) > 100


@pytest.mark.parametrize("what", ["graphs", "models"])
def test_changed_files_are_refused_or_whole(what):
    code, found = fuzz(what, "--few", "--minutes", "0.06")
    assert (code, found[what]["findings"]) == (0, [])
    assert found[what]["executions"] > 50
    assert {word.split(" (")[0] for word in found[what]["outcomes"]} == {"read", "refused"}


PLANTED = {
    "reset": ("lac_zero_f32(s->layer0_xh", "(void)sizeof(s->layer0_xh", "depends on what was in memory"),
    "overflow": ("lac_copy_f32(y, ", "lac_zero_f32(y + 1, LACONIC_COUNT); lac_copy_f32(y, ", "AddressSanitizer"),
}


@pytest.fixture
def tools(monkeypatch):
    """The modules of the fuzzers, for as long as a test runs."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(FUZZ)
    import cases
    import programs
    import watch

    yield cases, programs, watch
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(FUZZ):
            del sys.modules[name]


@pytest.mark.parametrize("name", PLANTED)
def test_faults_in_c_are_found(name, tools, tmp_path):
    cases, programs, _ = tools
    engine = programs.engine(tmp_path)
    if engine is None:
        pytest.skip("needs clang with libFuzzer, or gcc with its sanitizers")
    old, new, words = PLANTED[name]

    def spoiled(text):
        assert old in text
        return text.replace(old, new.replace("LACONIC_COUNT", str(cases.N_CLASSES)), 1)

    found = programs.fuzz(cases.CASES[0], programs.WAYS[0], engine, tmp_path / "spoiled", 0, 3, spoiled)
    assert words in found.findings[0]


def test_findings_of_files_are_told(tools, tmp_path):
    """A case that fails, one that hangs or dies and one that wants too much memory each count, and the next goes on."""
    watch = tools[2]

    def make(folder):
        def trial(rng, place):
            match rng.randrange(4):
                case 0:
                    raise ValueError("odd")
                case 1:
                    watch.os._exit(3)
                case 2:
                    bytearray(2**33)
            return "read"

        return trial

    found = watch.campaign(make, tmp_path, 0, 20)
    assert found.counts["read"] > 0
    told = "\n".join(found.findings)
    assert all(words in told for words in ("ValueError: odd", "ended with 3", "MemoryError"))
    with pytest.raises(AssertionError, match="too much memory"):
        watch.refused(MemoryError())
