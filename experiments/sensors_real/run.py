"""Classes from several views, some of them missing: laconic beside logistic regression, on three real sets of data.

Measures one cell a set and method and keeps it in the work folder, so that a run can be stopped, goes on where it
stopped, and can be done in pieces with --only. Writes results.json and results.md beside this file. The data are looked
for in --data, or in the folder that the environment variable LACONIC_DATA names; they do not come with laconic.
"""

import argparse
import os
import re
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cells import cell_path, load, rows, run_cell
from methods import METHODS
from page import page
from sets import FILES, Source, made_up, sources
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json

HERE = Path(__file__).parent


def main() -> None:
    """Run the experiment."""
    options = arguments()
    sets = made_up() if options.smoke else read(options)
    seeds = range(options.seed, options.seed + (1 if options.smoke else options.seeds))
    options.work.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(options.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that use up their iterations
        for source, method in wanted(sets, options.only):
            run_cell(cell_path(options.work, source, method), source, method, seeds, tell)
    write(options, sets, seeds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("LACONIC_DATA"), help="folder of the data")
    parser.add_argument("--seeds", type=int, default=10, help="seeds a cell (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="measure only cells whose words match this regular expression")
    parser.add_argument("--threads", type=int, default=1, help="of the linear algebra and of laconic (default 1)")
    parser.add_argument("--work", type=Path, default=Path("sensors_real_cells"), help="folder of the cells")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    small = "small made-up data, one seed; give another --work and --out"
    parser.add_argument("--smoke", "--quick", action="store_true", help=small)
    return parser.parse_args()


def read(options: argparse.Namespace) -> list[Source]:
    folder = Path(options.data or "")
    missing = [name for name in FILES.values() if not (folder / name).is_file()]
    if missing:
        sys.exit(f"run.py: --data must be a folder with {', '.join(missing)}, got {options.data}")
    return sources(folder)


def wanted(sets: list[Source], only: str) -> Iterator[tuple[Source, str]]:
    for source in sets:
        for method in METHODS:
            if re.search(only, f"{source.key}: {method}"):
                yield source, method


def tell(words: str) -> None:
    print(words, flush=True)


def write(options: argparse.Namespace, sets: list[Source], seeds: range) -> None:
    """Bring all cells together."""
    found = []
    for source, method in wanted(sets, ""):
        measured = load(cell_path(options.work, source, method))
        trials = [measured[str(seed)] for seed in seeds if str(seed) in measured]
        found += rows(source, method, trials) if trials else []
    results = about(options, seeds) | {"sets": [described(source) for source in sets], "rows": found}
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))


def described(source: Source) -> dict[str, Any]:
    task = source.split(0)
    words = {"key": source.key, "title": source.title, "words": source.words}
    return words | {"atoms": task.atoms, "views": list(task.train)}


def about(options: argparse.Namespace, seeds: range) -> dict[str, Any]:
    size = "--smoke" if options.smoke else f"--data DATA --seeds {len(seeds)} --seed {options.seed}"
    return {
        "command": f"python experiments/sensors_real/run.py {size} --threads {options.threads}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "threads": options.threads,
        "seed": options.seed,
        "trials": len(seeds),
    }


if __name__ == "__main__":
    main()
