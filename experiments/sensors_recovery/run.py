"""Recovery of planted dictionaries of several sensors: laconic.MultimodalDictionary beside other learners, ten seeds.

Measures one cell a study and a method and keeps it in the work folder, so that a run can be stopped, goes on where it
stopped, and can be done in pieces with --only. The tables hold what has been measured: results.json and results.md
beside this file. scikit-learn comes with laconic; SPAMS is measured where it is installed (pip install spams-bin).
"""

import argparse
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cells import cell_path, lines, load, run_line, summary
from page import page
from plan import FULL, Study, smoke
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json

HERE = Path(__file__).parent


def main() -> None:
    """Run the experiment."""
    options = arguments()
    studies = smoke() if options.smoke else FULL
    seeds = range(options.seed, options.seed + (1 if options.smoke else options.seeds))
    options.work.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(options.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that use up their iterations, which the tables are about
        warm = set[str]()
        for study, line in wanted(studies, options.only):
            warm_up(study, line, warm)
            run_line(cell_path(options.work, study, line[0]), study, line, seeds, tell)
    write(options, studies, seeds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="seeds a cell (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="measure only cells whose words match this regular expression")
    parser.add_argument("--threads", type=int, default=1, help="of the linear algebra and of laconic (default 1)")
    parser.add_argument("--work", type=Path, default=Path("sensors_recovery_cells"), help="folder of the cells")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    small = "small problems, one seed; give another --work and --out"
    parser.add_argument("--smoke", "--quick", action="store_true", help=small)
    return parser.parse_args()


def wanted(studies: list[Study], only: str) -> Iterator[tuple[Study, Any]]:
    for study in studies:
        for line in lines(study):
            if line[1].available and re.search(only, f"{study.key}: {line[0]}"):
                yield study, line


def warm_up(study: Study, line: Any, done: set[str]) -> None:
    """Compile what is compiled at its first call, outside the times that are reported."""
    name, method, treat = line
    if method.ours and f"{study.key} {name}" not in done:
        done.add(f"{study.key} {name}")
        small = next((one for one in smoke() if one.key == study.key), smoke()[0]).draw(0)
        method.solve(treat(small) if treat else small, 0)


def tell(words: str) -> None:
    print(words, flush=True)


def write(options: argparse.Namespace, studies: list[Study], seeds: range) -> None:
    """Bring all cells together."""
    rows = []
    for study, (name, method, _) in wanted(studies, ""):
        measured = load(cell_path(options.work, study, name))
        found = [measured[str(seed)] for seed in seeds if str(seed) in measured]
        if found:
            rows.append(summary(study, name, method, found))
    results = about(options, seeds) | {"studies": [described(study) for study in studies], "rows": rows}
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))


def described(study: Study) -> dict[str, Any]:
    return {"key": study.key, "title": study.title, "options": study.options, "levels": study.levels}


def about(options: argparse.Namespace, seeds: range) -> dict[str, Any]:
    size = "--smoke" if options.smoke else f"--seeds {len(seeds)} --seed {options.seed}"
    return {
        "command": f"python experiments/sensors_recovery/run.py {size} --threads {options.threads}",
        "laconic": laconic.__version__,
        "peers": f", spams-bin {found}" if (found := _version("spams-bin")) else "; SPAMS was not installed",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "threads": options.threads,
        "seed": options.seed,
        "trials": len(seeds),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
