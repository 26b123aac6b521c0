"""An LSTM of 40 units that reads MNIST row by row, and every way to compress it to 4.06 KB, over several seeds.

Runs `laconic compress` once a seed, as a user would, and writes the mean and deviation of what it found to
results.json and results.md beside this file. An interrupted run goes on where it stopped.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from laconic.core.files import atomic_write_text, write_json

HERE = Path(__file__).parent
OPTIONS = "--cell lstm --hidden 40 --budget 4.06KB --methods all --resume"


def main() -> None:
    """Run the experiment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="mnist.npz")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--work", type=Path, default=Path("mnist_lstm_runs"), help="folder for the runs")
    parser.add_argument("--smoke", action="store_true", help="one epoch, one seed, nothing written here")
    options = parser.parse_args()
    if not options.data.is_file():
        sys.exit(f"run.py: --data must be mnist.npz, and there is no file {options.data}")
    if options.smoke:
        options.seeds, options.epochs = options.seeds[:1], 1
    runs = [run_seed(options, seed) for seed in options.seeds]
    results = summary(runs, options)
    text = markdown(results)
    print(text)
    if not options.smoke:
        write_json(HERE / "results.json", results)
        atomic_write_text(HERE / "results.md", text)


def run_seed(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Run the command for one seed; return its metrics and the wall time of the whole command."""
    out = options.work / f"epochs{options.epochs}-seed{seed}"
    command = ["laconic", "compress", str(options.data), *shlex.split(OPTIONS)]
    command += ["--epochs", str(options.epochs), "--seed", str(seed), "--out", str(out)]
    fresh, started, timing = not out.exists(), time.perf_counter(), out / "wall_seconds.json"
    subprocess.run(command, check=True)
    if not timing.is_file():  # the time of a run that was interrupted says nothing
        write_json(timing, time.perf_counter() - started if fresh else None)
    metrics: dict[str, Any] = json.loads((out / "metrics.json").read_text("utf-8"))
    return metrics | {"wall_seconds": json.loads(timing.read_text("utf-8"))}


def summary(runs: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    """Bring the runs of all seeds together."""
    command = f"laconic compress {options.data.name} {OPTIONS} --epochs {options.epochs} --seed SEED --out OUT"
    methods = [row["method"] for row in runs[0]["rows"]]
    same = ("laconic", "date", "machine", "epochs", "hidden", "budget_bytes")
    return {name: runs[-1][name] for name in same} | {
        "command": command,
        "seeds": options.seeds,
        "wall_seconds": [run["wall_seconds"] for run in runs],
        "rows": [_method_summary(method, runs) for method in methods],
    }


def _method_summary(method: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [next(row for row in run["rows"] if row["method"] == method) for run in runs]
    accuracies = [row["accuracy"] for row in rows]
    same = ("method", "structure", "bytes", "parameters", "factor", "layer_factor", "max_rank", "macs", "note")
    return {name: rows[0][name] for name in same} | {
        "accuracy": accuracies,
        "accuracy_mean": statistics.mean(accuracies),
        "accuracy_sd": statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0,
        "seconds": [row["seconds"] for row in rows],
    }


def markdown(results: dict[str, Any]) -> str:
    """Return the results as a page."""
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    lines = [
        "# MNIST row by row, LSTM of 40 units, every method at 4.06 KB",
        "",
        f"`{results['command']}`, seeds {', '.join(map(str, results['seeds']))}; {results['date']}; "
        f"laconic {results['laconic']}; {machine}. Wall time of the whole command: "
        f"{', '.join(f'{s / 60:.1f}' if s else 'not measured' for s in results['wall_seconds'])} minutes.",
        "",
        "Accuracy on the 10,000 test images, mean and standard deviation over the seeds. 1 KB = 1024 B, float32, one "
        "bias vector a gate, the classifier counted; of the pruned network only the non-zeros count, not where they "
        "stand.",
        "",
        "| method | structure | bytes | model | layer | MACs | rank | accuracy % | each seed | seconds |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    return "\n".join([*lines, *map(_line, results["rows"])]) + "\n"


def _line(row: dict[str, Any]) -> str:
    each = ", ".join(f"{100 * accuracy:.2f}" for accuracy in row["accuracy"])
    cells = [
        row["method"],
        row["structure"] + (f" ({row['note']})" if row["note"] else ""),
        str(row["bytes"]),
        f"{row['factor']:.2f}x",
        f"{row['layer_factor']:.2f}x",
        str(row["macs"]),
        str(row["max_rank"]),
        f"{100 * row['accuracy_mean']:.2f} ± {100 * row['accuracy_sd']:.2f}",
        each,
        f"{statistics.mean(row['seconds']):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
