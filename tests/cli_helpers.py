"""What the tests of the command line share: small data, and a command whose process can be watched and killed."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

COMMAND = [sys.executable, "-c", "from laconic.cli import main; main()"]
STUDY = ["--hidden", "12", "--epochs", "16", "--batch-size", "8", "--seed", "3"]
METHODS = ("kronecker", "hybrid", "lowrank", "pruned", "small")


def arrays(n=120, n_test=60, n_steps=5, n_features=4, n_classes=3):
    """Return sequences in which one feature of the class lies higher."""
    rng = np.random.default_rng(0)
    y = np.arange(n + n_test) % n_classes
    x = rng.normal(size=(n + n_test, n_steps, n_features)).astype(np.float32)
    x[np.arange(n + n_test), :, y] += 1
    return {"x_train": x[:n], "y_train": y[:n], "x_test": x[n:], "y_test": y[n:]}


def write_data(path, **changes):
    """Write sequences to an .npz file, with arrays changed or, where None is given, left out."""
    wanted = {name: array for name, array in (arrays() | changes).items() if array is not None}
    np.savez(path, **wanted)
    return path


def run(*words, environment=None):
    """Run `laconic` and wait for it."""
    together = os.environ | (environment or {})
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, check=False, env=together)


def _heed_ctrl_c():
    """Whoever started the tests in the background made them, and all that they start, deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A `laconic` at work, in a process group of its own, whose standard error is read as it comes."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_ctrl_c,
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def wait_for(self, pattern, seconds=120.0):
        """Wait until a line matches; fail if the process ends before."""
        wait_until(lambda: any(re.search(pattern, line) for line in self.lines) or not self.is_running, seconds)
        assert any(re.search(pattern, line) for line in self.lines), self.error

    def servers(self):
        """Return the id of the process that makes those that train, where it is there."""
        return [child for child in children(self.process.pid) if "forkserver" in command_line(child)]

    def workers(self):
        """Return the ids of the processes that train."""
        return [worker for server in self.servers() for worker in children(server)]

    def signal_group(self, number):
        os.killpg(self.process.pid, number)

    def end(self, seconds=120.0):
        """Wait for the end and return the exit code."""
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        return code

    @property
    def is_running(self):
        return self.process.poll() is None

    @property
    def error(self):
        return "".join(self.lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_running:
            self.signal_group(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self._reader.join()
        self.process.stderr.close()


def children(process_id):
    """Return the ids of the processes that a process has started and that are there still."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]
    return []


def command_line(process_id):
    """Return the words of a process, or none where it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process_id}/cmdline").read_text()
    return ""


def wait_until(condition, seconds):
    """Wait for a condition, for a limited time; return whether it came true."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.01)
    return False


def is_alive(process_id):
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def metrics_of(folder):
    """Read metrics.json as strict JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads((Path(folder) / "metrics.json").read_text("utf-8"), parse_constant=refuse)


def without_times(metrics):
    """Return the rows but for what a clock has measured."""

    def strip(record):
        return {name: value for name, value in record.items() if name not in ("seconds", "curve")}

    return [strip(row) | {"curve": [strip(point) for point in row["curve"]]} for row in metrics["rows"]]


def model_tensors(folder):
    """Return every tensor of every model as bytes, by model and name."""
    from safetensors.numpy import load_file

    files = sorted((Path(folder) / "models").glob("*.safetensors"))
    return {file.stem: {name: array.tobytes() for name, array in load_file(file).items()} for file in files}


def assert_same_study(one, other):
    """Check that two folders hold the same study: rows but for the times, and models to the bit."""
    assert without_times(metrics_of(one)) == without_times(metrics_of(other))
    assert model_tensors(one) == model_tensors(other)


def leftovers(folder):
    """Return what a write that was cut short has left."""
    return [path.name for path in Path(folder).rglob("*") if path.name.startswith(".")]
