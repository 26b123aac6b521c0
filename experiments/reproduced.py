"""What the experiments that `laconic reproduce` runs have in common: the command, and a page of what it found."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from laconic.core.files import atomic_write_text, write_json


def main(name: str, here: Path) -> None:
    """Run the benchmark of this name; write results.json and results.md."""
    options = _arguments(name, here)
    laconic = [
        sys.executable,
        "-c",
        "from laconic.cli import main; main()",
    ]  # found where no environment is active, too
    command = [*laconic, "reproduce", name, "--out", str(options.work), "--seeds", options.seeds, "--json", "--resume"]
    command += ["--data", str(options.data)] if options.data else []
    command += ["--smoke"] if options.smoke else []
    command += ["--methods", options.methods] if options.methods else []
    command += ["--jobs", str(options.jobs)] if options.jobs else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    metrics = json.loads(done.stdout)
    metrics["command"] = f"python experiments/{here.name}/run.py --data FOLDER --seeds {options.seeds}"
    metrics["command"] += f" --methods {options.methods}" if options.methods else ""
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "results.json", metrics)
    atomic_write_text(options.out / "results.md", page(metrics))
    print(page(metrics))


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


def _arguments(name: str, here: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"Run laconic reproduce {name} and keep a page of what it found.")
    parser.add_argument("--data", type=Path, help="folder of the data (default: the one that LACONIC_DATA names)")
    parser.add_argument("--seeds", default="0,1,2", help="with commas (default 0,1,2)")
    parser.add_argument("--methods", help="with commas (default: the benchmark's)")
    parser.add_argument("--jobs", type=int, help="trainings at once (default: one a core)")
    parser.add_argument("--work", type=Path, default=Path(f"{here.name}_runs"), help="folder for the runs")
    parser.add_argument("--out", type=Path, default=here, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="made-up data, one epoch; give another --out")
    return parser.parse_args()
