"""Measurements, one cell a setting and a method, kept in files so that a run can stop and go on."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measure import coverage, nmse, support_error
from methods import Method

from laconic.core.files import write_json
from laconic.datasets import make_sparse_codes

Trial = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """A family of planted problems."""

    design: str
    n_nonzero: int
    snr: float | None
    n: int = 100
    m: int = 400

    @property
    def words(self) -> str:
        noise = "noiseless" if self.snr is None else f"{self.snr:g} dB"
        return f"{self.design}, K = {self.n_nonzero}, {noise}"


def measure(setting: Setting, method: Method, seed: int) -> Trial:
    """Draw the problem of one seed, solve it and measure the answer."""
    problem = make_sparse_codes(**asdict(setting), random_state=seed)
    started = time.process_time()
    answer = method.solve(problem, seed)
    seconds = time.process_time() - started
    truth = problem.x[:, 0]
    covered = coverage(answer.interval, truth) if answer.interval else (None, None)
    return {
        "nmse": nmse(answer.x, truth),
        "support_error": support_error(answer.x, truth),
        "covered_support": covered[0],
        "covered_all": covered[1],
        "converged": answer.converged,
        "seconds": seconds,
    }


def run_cell(folder: Path, setting: Setting, method: Method, seeds: range, tell: Callable[[str], None]) -> None:
    """Measure the seeds that the cell's file does not hold yet; save every half minute."""
    path = cell_path(folder, setting, method)
    trials = load(path)
    saved = time.monotonic()
    for seed in seeds:
        if str(seed) in trials:
            continue
        trials[str(seed)] = measure(setting, method, seed)
        if time.monotonic() - saved > 30 or seed == seeds[-1]:
            write_json(path, trials)
            saved = time.monotonic()
    tell(f"{setting.words}: {method.name}, NMSE {np.mean([trial['nmse'] for trial in trials.values()]):.2g}")


def cell_path(folder: Path, setting: Setting, method: Method) -> Path:
    snr = "noiseless" if setting.snr is None else f"{setting.snr:g}dB"
    name = re.sub(r"\W+", "-", method.name).strip("-").lower()
    return folder / f"{setting.design}-{setting.n}x{setting.m}-K{setting.n_nonzero}-{snr}--{name}.json"


def load(path: Path) -> dict[str, Trial]:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def summary(setting: Setting, method: Method, trials: list[Trial]) -> dict[str, Any]:
    """One row of results.json."""
    errors = [trial["nmse"] for trial in trials]
    row = asdict(setting) | {
        "method": method.name,
        "trials": len(trials),
        "nmse_mean": float(np.mean(errors)),
        "nmse_median": float(np.median(errors)),
        "nmse_sem": float(np.std(errors) / np.sqrt(len(errors))),
        "support_error": float(np.mean([trial["support_error"] for trial in trials])),
        "converged": float(np.mean([trial["converged"] for trial in trials])),
        "seconds": float(np.median([trial["seconds"] for trial in trials])),
    }
    for name in ("covered_support", "covered_all"):
        values = [trial[name] for trial in trials if trial[name] is not None]
        row[name] = float(np.mean(values)) if values else None
    return row
