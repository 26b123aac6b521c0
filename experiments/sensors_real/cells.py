"""Measurements, one cell a set of data and a method, kept in files so that a run can stop and go on."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from methods import METHODS, Line, without
from sets import Source, Task

from laconic.core.files import write_json

Trial = dict[str, Any]
TINY = 1e-12


def run_cell(path: Path, source: Source, method: str, seeds: range, tell: Callable[[str], None]) -> None:
    """Measure the seeds that the file of the cell does not hold yet; save each."""
    trials = load(path)
    for seed in seeds:
        if str(seed) not in trials:
            trials[str(seed)] = trial(source, method, seed)
            write_json(path, trials)
            tell(f"{source.key}: {method}, seed {seed}: {_words(trials[str(seed)])}")


def trial(source: Source, method: str, seed: int) -> Trial:
    task = source.split(seed)
    started, spent = time.perf_counter(), time.process_time()
    lines = METHODS[method](task, seed)
    seconds = {"seconds": time.perf_counter() - started, "processor": time.process_time() - spent}
    return seconds | {"lines": {line.name: judged(line, task, source.missing, seed) for line in lines}}


def judged(line: Line, task: Task, most: int, seed: int) -> dict[str, Any]:
    """Return accuracy and log loss with all views, and with 1, 2, ... random ones missing."""
    counts = range(1 + (0 if line.view else most))
    scores = {str(k): _scores(line, _with_missing(task, k, seed), task.y_test) for k in counts}
    return {"view": line.view, "scores": scores}


def _with_missing(task: Task, count: int, seed: int) -> Any:
    return without(task.test, count, np.random.default_rng([seed, count])) if count else task.test


def _scores(line: Line, views: Any, y: Any) -> dict[str, float]:
    found = np.asarray(line.predict(views))
    right = found[np.arange(len(y)), y]
    accuracy = float(np.mean(found.argmax(axis=1) == y))
    return {"accuracy": accuracy, "log_loss": float(-np.mean(np.log(np.maximum(right, TINY))))}


def _words(found: Trial) -> str:
    parts = []
    for name, line in found["lines"].items():
        parts.append(f"{name} " + " ".join(f"{one['accuracy']:.3f}" for one in line["scores"].values()))
    return f"{'; '.join(parts)}; {found['seconds']:.1f} s"


def cell_path(folder: Path, source: Source, method: str) -> Path:
    words = re.sub(r"\W+", "-", method).strip("-").lower()
    return folder / f"{source.key}--{words}.json"


def load(path: Path) -> dict[str, Trial]:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def rows(source: Source, method: str, trials: list[Trial]) -> list[dict[str, Any]]:
    """Rows of results.json: of each line of a method its means over the seeds, and the values of each seed."""
    found = []
    for name, first in trials[0]["lines"].items():
        row = {"set": source.key, "method": method, "line": name, "view": first["view"], "trials": len(trials)}
        row |= {key: float(np.mean([one[key] for one in trials])) for key in ("seconds", "processor")}
        for key in ("accuracy", "log_loss"):
            each = {k: [one["lines"][name]["scores"][k][key] for one in trials] for k in first["scores"]}
            row |= {key: {k: float(np.mean(values)) for k, values in each.items()}, f"{key}_each": each}
        found.append(row)
    return found
