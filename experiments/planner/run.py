"""A search for a network of 2 KB that reads USPS row by row, beside the networks made by hand.

Runs `laconic plan` once and writes what it found, and how long it took, to results.json and results.md beside
this file. The networks made by hand are those of `usps_fastrnn` and `hybrid`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from reproduced import LACONIC

from laconic.core.files import atomic_write_text, write_json
from laconic.core.units import parse_bytes

HERE = Path(__file__).parent
FILE, BUDGET = "usps.npz", "2KB"
FULL = ("--epochs", "60", "--final-epochs", "200", "--trials", "400", "--minutes", "8.5", "--finalists", "3")
SMOKE = ("--epochs", "1", "--final-epochs", "1", "--trials", "2", "--finalists", "1", "--cells", "fastrnn")
TRAINING = ("--batch-size", "128", "--augment", "affine")
BY_HAND = {"usps_fastrnn": None, "hybrid": ("usps-hybrid-10", "usps-hybrid-20")}


def main() -> None:
    """Run the experiment."""
    options = arguments()
    words = [*(SMOKE if options.smoke else FULL), *TRAINING, "--jobs", str(options.jobs)]
    found = plan(data_file(options), words, options.work)
    command = f"laconic plan {FILE} --budget {BUDGET} {' '.join(words)}"
    results = {"command": command, "minutes": found.pop("minutes"), "by_hand": by_hand(), "plan": found}
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))
    print(page(results))


def plan(data: Path, words: list[str], work: Path) -> dict[str, Any]:
    """Run the command and return what it found and the minutes it took; if it fails, end as it did."""
    begun = time.monotonic()
    command = [*LACONIC, "plan", str(data), "--budget", BUDGET, *words, "--out", str(work), "--overwrite", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout) | {"minutes": (time.monotonic() - begun) / 60}


def data_file(options: argparse.Namespace) -> Path:
    """Return the file to read, or one of made-up digits."""
    place = options.data or os.environ.get("LACONIC_DATA")
    if options.smoke:
        return made_up(options.work.with_name(FILE))
    path = Path(place or "") / FILE
    if place is None or not path.is_file():
        sys.exit(f"run.py: --data must be a folder with {FILE}, or LACONIC_DATA name one; got {place}")
    return path


def made_up(path: Path) -> Path:
    """Write digits that are noise."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 10
    x = rng.random((200, 16, 16), np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, x_train=x, y_train=y, x_test=x[:50], y_test=y[:50])
    return path


def by_hand() -> list[dict[str, Any]]:
    """Return the networks made by hand that keep the budget, the best first."""
    tables = [table for folder, names in BY_HAND.items() for table in tables_of(folder, names)]
    rows = {(row["method"], row["bytes"]): row for table in tables for row in table["rows"]}
    some = [row for row in rows.values() if row["bytes"] <= parse_bytes(BUDGET)]
    keys = ("method", "structure", "bytes", "macs", "accuracy", "accuracies")
    return [{key: row[key] for key in keys} for row in sorted(some, key=lambda row: -row["accuracy"])]


def tables_of(folder: str, names: tuple[str, ...] | None) -> list[dict[str, Any]]:
    """Return the tables of an experiment."""
    results = json.loads((HERE.parent / folder / "results.json").read_text("utf-8"))
    return [results] if names is None else [results[name] for name in names]


def page(results: dict[str, Any]) -> str:
    """Return the results as a page."""
    found, hand = results["plan"], results["by_hand"]
    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    best, data = found["best"], found["data"]
    ahead = 100 * (best["test_accuracy"] - hand[0]["accuracy"])
    others = ", ".join(f"{100 * one['test_accuracy']:.2f}" for one in best["trainings"][1:])
    lines = [
        "# A search for a network of 2 KB, USPS row by row",
        "",
        f"`{results['command']}`; {found['date']}; laconic {found['laconic']}; {machine}; seed "
        f"{found['wish']['seed']}.",
        "",
        f"{results['minutes']:.1f} minutes in all, {found['n_trials']} trainings, {found['n_pruned']} of them given up "
        f"early. {data['n_train']:,} sequences to train on, of which a fifth was held out to choose by; "
        f"{data['n_test']:,} to test on, which chose nothing.",
        "",
        f"**Found:** {best['name']} ({best['structure']}), {best['bytes']:,} bytes, {best['macs']:,} multiply-adds: "
        f"{100 * best['accuracy']:.2f} % of what finalists hold out, {100 * best['test_accuracy']:.2f} % of the test "
        f"data (its trainings that were not kept: {others}).",
        "",
        f"**Best made by hand:** {hand[0]['method']}, {100 * hand[0]['accuracy']:.2f} % in the mean of its seeds. The "
        f"network found is {abs(ahead):.2f} points {'above' if ahead > 0 else 'below'}: within half a point: "
        f"{'yes' if ahead >= -0.5 else 'no'}. It is the best of {len(hand)} by the test data, and where the entries "
        "of pruned and doped networks stand is not in their bytes; these take no part in the search.",
        "",
        *table(("finalist", "structure", "bytes", "held out %", "each seed"), map(finalist, finals(found))),
        "",
        *table(("made by hand", "structure", "bytes", "test %", "each seed"), map(made, hand)),
    ]
    return "\n".join(lines) + "\n"


def table(headings: tuple[str, ...], rows: Any) -> list[str]:
    """Return a table."""
    rule = ["---", "---", *["---:"] * (len(headings) - 2)]
    return [f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows)]


def finals(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the networks that were trained for longer."""
    return [row for row in found["findings"] if row["final"]]


def finalist(row: dict[str, Any]) -> tuple[str, ...]:
    """Return a finalist's cells."""
    return (row["name"], *cells(row))


def made(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a network made by hand."""
    return (row["method"], *cells(row))


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return what both tables say."""
    each = ", ".join(f"{100 * one:.2f}" for one in row["accuracies"])
    return row["structure"], f"{row['bytes']:,}", f"{100 * row['accuracy']:.2f}", each


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the data (default: the one that LACONIC_DATA names)")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at once (default 2)")
    parser.add_argument("--work", type=Path, default=Path("planner_runs"), help="folder for the run; replaced")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="made-up data, one epoch; give another --out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
