"""Measurements, one cell a study and a method, kept in files so that a run can stop and go on."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measure import measure
from methods import Answer, Method
from plan import Study

from laconic.core.files import write_json
from laconic.datasets import Sensors

Trial = dict[str, Any]


def lines(study: Study) -> Iterator[tuple[str, Method, Callable[[Sensors], Sensors] | None]]:
    """Yield the lines of a study's table: a name, a method, and what is done to the samples before."""
    for method in study.methods:
        if not study.treat:
            yield method.name, method, None
        for name, treat in (study.treat or {}).items():
            yield name, method, treat


def run_line(path: Path, study: Study, line: Any, seeds: range, tell: Callable[[str], None]) -> None:
    """Measure the seeds that the file of the cell does not hold yet; save each."""
    name, method, treat = line
    trials = load(path)
    for seed in seeds:
        if str(seed) in trials:
            continue
        planted = study.draw(seed)
        trials[str(seed)] = trial(method, treat(planted) if treat else planted, seed)
        write_json(path, trials)
        tell(f"{study.key}: {name}, seed {seed}: {words(trials[str(seed)])}")


def trial(method: Method, planted: Sensors, seed: int) -> Trial:
    """Solve and measure, the modalities together or, for a method that learns them alone, one by one."""
    parts, seconds, processor = [], {}, {}
    for names in [[name] for name in planted.X] if method.alone else [list(planted.X)]:
        part = only(planted, names) if method.alone else planted
        started, spent = time.perf_counter(), time.process_time()
        parts.append(method.solve(part, seed))
        key = "+".join(names)
        seconds[key], processor[key] = time.perf_counter() - started, time.process_time() - spent
    return measure(planted, joined(parts)) | {"seconds": seconds, "processor": processor}


def only(planted: Sensors, names: list[str]) -> Sensors:
    fields = ("X", "codes", "components", "noise", "links")
    return replace(planted, **{field: {name: getattr(planted, field)[name] for name in names} for field in fields})


def joined(parts: list[Answer]) -> Answer:
    if len(parts) == 1:
        return parts[0]
    return Answer({name: atoms for part in parts for name, atoms in part.components.items()})


def words(found: Trial) -> str:
    atoms = ", ".join(f"{name} {share:.0%}" for name, share in found["atoms"].items())
    noise = "".join(f", noise {name} x {ratio:.2f}" for name, ratio in found.get("noise", {}).items())
    links = f", links {found['links']:.0%}" if found.get("links") is not None else ""
    return f"{atoms}{noise}{links}, {sum(found['seconds'].values()):.1f} s"


def cell_path(folder: Path, study: Study, name: str) -> Path:
    words = re.sub(r"[^\w.]+", "-", name).strip("-").lower()
    return folder / f"{study.key}--{words}.json"


def load(path: Path) -> dict[str, Trial]:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def summary(study: Study, name: str, method: Method, trials: list[Trial]) -> dict[str, Any]:
    """One row of results.json: means over the seeds, the least, and the values of each seed."""
    family = method.family if study.treat is None else name
    row = {"study": study.key, "method": name, "family": family, "alone": method.alone, "trials": len(trials)}
    for key in ("atoms", "error", "noise", "seconds", "processor"):
        if key in trials[0]:
            each = {part: [one[key][part] for one in trials] for part in trials[0][key]}
            row |= {key: {part: float(np.mean(values)) for part, values in each.items()}, f"{key}_each": each}
    if "links" in trials[0]:
        known = [one["links"] for one in trials if one["links"] is not None]
        row |= {"links": float(np.mean(known)) if known else None, "links_each": [one["links"] for one in trials]}
    return row
