"""Studies that are interrupted end with the same numbers, to the bit."""

import os
import random
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from cli_helpers import (
    METHODS,
    STUDY,
    Running,
    assert_same_study,
    is_alive,
    leftovers,
    metrics_of,
    run,
    wait_until,
)

from laconic.cli.folder import StudyFolder
from laconic.core.checks import DataError

pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")

WORDS = [*STUDY, "--methods", ",".join(METHODS)]


def rows_there(out):
    return sorted(path.stem for path in out.glob("rows/*.json"))


@pytest.mark.parametrize("in_every_way", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_study_that_is_interrupted_ends_like_one_that_was_not(in_every_way, data, finished, tmp_path, laconic):
    """By Ctrl-C, by the death of a worker and, in every way, of the parent, each where the one before has left it."""
    out = tmp_path / "out"
    command = ["compress", data, "--out", out, *WORDS, "--resume", "--jobs", "1"]  # with nothing there, it begins
    interrupt(command)
    kill_a_worker(command, out)
    if in_every_way:
        kill_the_parent(command)
    code, _, error = laconic(*command)
    assert code == 0, error
    assert_same_study(finished, out)
    assert leftovers(out) == []
    finish_again(laconic, command, out)


def interrupt(command):
    with Running(*command) as running:
        running.wait_for("epoch 1 ")
        workers = running.workers()
        running.signal_group(signal.SIGINT)
        assert running.end() == 130
        lines = running.error.splitlines()
        assert lines[-1] == "laconic: interrupted; the same command with --resume goes on"
        assert "Traceback" not in running.error
        assert wait_until(lambda: not any(map(is_alive, workers)), 10)


def kill_a_worker(command, out):
    with Running(*command) as running:
        running.wait_for("epoch 12 ")
        os.kill(running.workers()[0], signal.SIGKILL)
        assert running.end() == 1
        pattern = r"laconic: the process that trains \w+ was killed \(SIGKILL\); the same command with --resume goes on"
        assert re.fullmatch(pattern, running.error.splitlines()[-1])
        done = re.findall(r"^(\w+): done", running.error, flags=re.MULTILINE)
    assert set(done) <= set(rows_there(out))


def kill_the_parent(command):
    with Running(*command) as running:
        running.wait_for("epoch ")
        workers = running.workers()
        os.kill(running.process.pid, signal.SIGKILL)
        assert running.process.wait(10) == -signal.SIGKILL
        assert wait_until(lambda: not any(map(is_alive, workers)), 10)


def finish_again(laconic, command, out):
    before = metrics_of(out)
    (out / "report.html").unlink()
    code, _, error = laconic(*command)
    assert code == 0
    assert "epoch" not in error
    assert metrics_of(out)["rows"] == before["rows"]
    assert (out / "report.html").is_file()


def test_an_interruption_before_workers_are_there_is_one_line(data, tmp_path):
    with Running("compress", data, "--out", tmp_path / "out", *WORDS, "--jobs", "1") as running:
        assert wait_until(lambda: running.servers(), 60)
        running.signal_group(signal.SIGINT)
        assert running.end() == 130
    assert running.error.splitlines()[-1].startswith("laconic: interrupted")
    assert "Traceback" not in running.error


def test_a_model_that_is_gone_is_trained_again(data, finished, tmp_path, laconic):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    (out / "models" / "small.json").unlink()
    (out / "checkpoints" / "small" / ".checkpoint.safetensors.abc.tmp").write_text("cut short")
    code, _, error = laconic("compress", data, "--out", out, *WORDS, "--resume", "--jobs", "1")
    assert code == 0, error
    assert_same_study(finished, out)
    assert (out / "models" / "small.json").is_file()
    assert leftovers(out) == []


@pytest.mark.slow
def test_killed_at_any_moment(data, finished, tmp_path):
    moments, out = random.Random(0), tmp_path / "out"
    command = ["compress", data, "--out", out, *WORDS, "--resume", "--jobs", "2"]
    for _ in range(12):
        with Running(*command) as running:
            wait_until(lambda running=running: "steps of" in running.error or not running.is_running, 60)
            time.sleep(moments.uniform(2, 6))
            if running.is_running:
                running.signal_group(signal.SIGKILL)
            running.process.wait()
        for path in [*out.glob("*.json"), *out.glob("rows/*.json"), *out.glob("models/*.json")]:
            assert path.read_text("utf-8").endswith("}\n")
    assert run(*command).returncode == 0
    assert_same_study(finished, out)
    assert leftovers(out) == []


def opened(path, settings, resume):
    with StudyFolder(path).open(settings, resume=resume, overwrite=not resume):
        pass


def test_a_study_from_before_a_setting_goes_on_where_it_is_off(tmp_path):
    old = {"epochs": 3}
    opened(tmp_path, old, resume=False)
    opened(tmp_path, old | {"quantization": 0.0}, resume=True)
    opened(tmp_path, old, resume=False)
    with pytest.raises(DataError, match="quantization"):
        opened(tmp_path, old | {"quantization": 0.5}, resume=True)
