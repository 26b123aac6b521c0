"""What the experiments that `laconic reproduce` runs have in common: the command, and a page of what it found."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from laconic.core.files import atomic_write_text, write_json

LACONIC = (sys.executable, "-c", "from laconic.cli import main; main()")
"""The command, found where no environment is active, too."""


def main(name: str, here: Path) -> None:
    """Run the benchmark of this name; write results.json and results.md."""
    options = _arguments(f"Run laconic reproduce {name} and keep a page of what it found.", here)
    metrics = _run(name, options, options.work, here)
    _keep(metrics, page(metrics), options.out)


def main_of_several(names: Sequence[str], here: Path) -> None:
    """Run the benchmarks of these names; write results.json, where each has its name, and one results.md."""
    options = _arguments(f"Run laconic reproduce {', '.join(names)} and keep a page of what it found.", here)
    found = {name: _run(name, options, options.work / name, here) for name in names}
    _keep(found, "\n".join(map(page, found.values())), options.out)


def reproduce(name: str, work: Path, more: Sequence[str]) -> dict[str, Any]:
    """Run a benchmark, or go on with it, and return what it found; if it fails, end as it did."""
    command = [*LACONIC, "reproduce", name, "--out", str(work), "--json", "--resume", *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _run(name: str, options: argparse.Namespace, work: Path, here: Path) -> dict[str, Any]:
    more = ["--seeds", options.seeds]
    more += ["--data", str(options.data)] if options.data else []
    more += ["--smoke"] if options.smoke else []
    more += ["--methods", options.methods] if options.methods else []
    more += ["--jobs", str(options.jobs)] if options.jobs else []
    said = f"python experiments/{here.name}/run.py --data FOLDER --seeds {options.seeds}"
    said += f" --methods {options.methods}" if options.methods else ""
    return reproduce(name, work, more) | {"command": said}


def _keep(results: dict[str, Any], text: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "results.json", results)
    atomic_write_text(out / "results.md", text)
    print(text)


def page(metrics: dict[str, Any]) -> str:
    """Return the results as a page."""
    from laconic.cli.reproduction import table
    from laconic.report.seeds import recipe

    machine = ", ".join(f"{name} {value}" for name, value in metrics["machine"].items())
    data = metrics["data"]
    lines = [
        f"# {metrics['title']}",
        "",
        f"`{metrics['command']}`, {metrics['epochs']} epochs; {metrics['date']}; laconic {metrics['laconic']}; "
        f"{machine}.",
        "",
        f"Training: {recipe(metrics['training'])}.",
        "",
        f"{data['n_train']:,} sequences to train on, {data['n_test']:,} to test on. Test accuracy, mean and deviation "
        "over seeds; seconds are those of one training on one thread. 1 KB = 1024 B, float32, one bias vector a gate, "
        "the classifier counted; of a pruned or doped network where its entries stand is not.",
        "",
        table(metrics["rows"]),
        *(f"- {goal['method']}: {goal['said']}" for goal in metrics["goals"]),
        *(f"- {one['method']} was not run: {one['reason']}" for one in metrics["skipped"]),
    ]
    return "\n".join(lines) + "\n"


def _arguments(about: str, here: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, help="folder of the data (default: the one that LACONIC_DATA names)")
    parser.add_argument("--seeds", default="0,1,2", help="with commas (default 0,1,2)")
    parser.add_argument("--methods", help="with commas (default: the benchmark's)")
    parser.add_argument("--jobs", type=int, help="trainings at once (default: one a core)")
    parser.add_argument("--work", type=Path, default=Path(f"{here.name}_runs"), help="folder for the runs")
    parser.add_argument("--out", type=Path, default=here, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="made-up data, one epoch; give another --out")
    return parser.parse_args()
