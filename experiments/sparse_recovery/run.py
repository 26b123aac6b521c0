"""Recovery of planted sparse non-negative codes: every method of laconic beside its peers, over many seeds.

Measures one cell a setting and method and keeps it in the work folder, so that a run can be stopped, goes on where it
stopped, and can be done in pieces with --only. The tables hold what has been measured: results.json, results.md and
two figures beside this file.
"""

import argparse
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from cells import Setting, cell_path, load, run_cell, summary
from figures import against_sparsity, over_designs, save
from methods import METHODS, Method
from page import Rows, page
from plan import FULL, Table, smoke
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json

HERE = Path(__file__).parent


def main() -> None:
    """Run the experiment."""
    options = arguments()
    tables = smoke() if options.smoke else FULL
    if options.smoke:
        options.trials = 1
    options.work.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1), np.errstate(all="ignore"):
        for setting, method in wanted(tables, options.only):
            run_cell(options.work, setting, method, seeds(method, options), print)
    write(options, tables)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100, help="seeds a cell (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="measure only cells whose words match this regular expression")
    parser.add_argument("--work", type=Path, default=Path("sparse_recovery_cells"), help="folder of the cells")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="small problems, one seed; give another --work and --out")
    return parser.parse_args()


def wanted(tables: list[Table], only: str) -> Iterator[tuple[Setting, Method]]:
    """Every cell once, in the order of the tables."""
    seen = set()
    for table in tables:
        for name in table.methods:
            for setting in table.settings:
                cell = setting, METHODS[name]
                fits = re.search(only, f"{table.title}: {setting.words}: {name}")
                if cell not in seen and METHODS[name].available and fits:
                    seen.add(cell)
                    yield cell


def seeds(method: Method, options: argparse.Namespace) -> range:
    return range(options.seed, options.seed + max(1, round(method.share * options.trials)))


def write(options: argparse.Namespace, tables: list[Table]) -> None:
    """Bring all cells together: results.json, results.md and the figures."""
    rows = collect(options, tables)
    about = about_run(options)
    write_json(options.out / "results.json", about | {"rows": list(rows.values())})
    atomic_write_text(options.out / "results.md", page(tables, rows, about))
    save(against_sparsity(tables[:2], rows), options.out / "sparsity.svg")
    save(over_designs(tables[2:4], rows), options.out / "designs.svg")


def collect(options: argparse.Namespace, tables: list[Table]) -> Rows:
    rows: Rows = {}
    for setting, method in wanted(tables, ""):
        measured = load(cell_path(options.work, setting, method))
        found = [measured[str(seed)] for seed in seeds(method, options) if str(seed) in measured]
        if found:
            rows[setting, method.name] = summary(setting, method, found)
    return rows


def about_run(options: argparse.Namespace) -> dict[str, Any]:
    size = " --smoke" if options.smoke else f" --trials {options.trials} --seed {options.seed}"
    return {
        "command": f"python experiments/sparse_recovery/run.py{size}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "seed": options.seed,
        "trials": options.trials,
    }


if __name__ == "__main__":
    main()
