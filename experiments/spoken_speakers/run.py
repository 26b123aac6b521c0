"""Spoken digits of a speaker who was not trained on, each of six in turn: LSTM and GRU, dense and at the same bytes.

Runs `laconic reproduce` once for each speaker and writes the mean and deviation over speakers to results.json and
results.md beside this file. An interrupted run goes on where it stopped.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from reproduced import reproduce

from laconic.core.files import atomic_write_text, write_json

HERE = Path(__file__).parent
BENCHMARKS = ("spoken-lstm", "spoken-gru")
FILE = "fsdd_logmel.npz"


def main() -> None:
    """Run the experiment."""
    options = arguments()
    found = {name: of_benchmark(options, name) for name in options.only}
    *_, last = (run for runs in found.values() for run in runs)
    about = {key: last[key] for key in ("laconic", "date", "machine", "epochs")}
    command = f"python experiments/{HERE.name}/run.py --data FOLDER --seed {options.seed}"
    command += f" --methods {options.methods}" if options.methods else ""
    results = about | {"command": command, "benchmarks": {name: rows(runs) for name, runs in found.items()}}
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))
    print(page(results))


def of_benchmark(options: argparse.Namespace, name: str) -> list[dict[str, Any]]:
    """Return what the command said of each speaker."""
    if options.smoke:
        return [run(name, options, "smoke", ["--smoke"])]
    return [run(name, options, who, ["--split", f"without {who}"]) for who in speakers(options.data)]


def run(name: str, options: argparse.Namespace, speaker: str, more: Sequence[str]) -> dict[str, Any]:
    """Run the command for one speaker."""
    more = [*more, "--seeds", str(options.seed)]
    more += ["--methods", options.methods] if options.methods else []
    more += ["--data", str(options.data)] if options.data else []
    return {"speaker": speaker, **reproduce(name, options.work / f"{name}-{speaker}", more)}


def speakers(folder: Path | None) -> list[str]:
    """Return who speaks."""
    place = folder or os.environ.get("LACONIC_DATA")
    path = Path(place or "") / FILE
    if place is None or not path.is_file():
        sys.exit(f"run.py: --data must be a folder with {FILE}, or LACONIC_DATA name one; got {place}")
    with np.load(path, allow_pickle=False) as arrays:
        return [str(name) for name in np.unique(arrays["speaker"])]


def rows(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bring what was found of all speakers together, a row each contender."""
    found = []
    for first in runs[0]["rows"]:
        each = {
            run["speaker"]: next(row["accuracy"] for row in run["rows"] if row["method"] == first["method"])
            for run in runs
        }
        values = list(each.values())
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        same = {key: first[key] for key in ("method", "structure", "bytes", "layer_factor")}
        found.append(same | {"accuracy": statistics.mean(values), "accuracy_sd": spread, "speakers": each})
    return found


def page(results: dict[str, Any]) -> str:
    """Return the results as a page."""
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    lines = [
        "# Spoken digits of a speaker who was not trained on",
        "",
        f"`{results['command']}`, {results['epochs']} epochs; {results['date']}; laconic {results['laconic']}; "
        f"{machine}.",
        "",
        "Accuracy in per cent on all digits of each speaker, the network trained on the other five; mean and deviation "
        "are over speakers.",
    ]
    for name, found in results["benchmarks"].items():
        names = list(found[0]["speakers"])
        lines += ["", f"## {name}", "", f"| method | structure | bytes | layer | mean | {' | '.join(names)} |"]
        lines += ["| --- | --- | ---: | ---: | ---: |" + " ---: |" * len(names)]
        lines += [line(row) for row in found]
    return "\n".join(lines) + "\n"


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    each = " | ".join(f"{100 * value:.1f}" for value in row["speakers"].values())
    mean = f"{100 * row['accuracy']:.1f} ± {100 * row['accuracy_sd']:.1f}"
    return f"| {row['method']} | {row['structure']} | {row['bytes']:,} | {row['layer_factor']:.1f}x | {mean} | {each} |"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the data (default: the one that LACONIC_DATA names)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--methods", help="with commas (default: the benchmark's)")
    parser.add_argument("--only", nargs="+", default=BENCHMARKS, choices=BENCHMARKS, help="benchmarks (default both)")
    parser.add_argument("--work", type=Path, default=Path("spoken_speakers_runs"), help="folder for the runs")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="made-up data, one epoch; give another --out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
