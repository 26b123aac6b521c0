"""Look for what breaks laconic's C, its files of graphs and its folders of models.

    python fuzz/run.py --minutes 30

What is asked for takes turns, each for its share of the time. Prints what was tried and found as JSON; the exit code
says whether anything was.
"""

import json
import os
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import graphs
import models
import programs
from cases import CASES
from watch import Outcome, campaign

FEW = tuple(programs.WAYS[i] for i in (1, 0, 3))
"""For a short look, one after the other: to build 8 lanes with every check takes a minute."""

NO_ENGINE = "needs clang with libFuzzer, or gcc with its sanitizers"


def c(folder: Path, seed: int, seconds: float, few: bool) -> dict[str, Any]:
    """Fuzz the C of every case in every way, or of three cases."""
    found = programs.engine(folder)
    if found is None:
        return {"skipped": NO_ENGINE}
    wanted = list(zip(CASES, FEW, strict=False)) if few else list(product(CASES, programs.WAYS))
    each = max(1, round(seconds / len(wanted)))
    outcomes = [programs.fuzz(case, way, found, folder / f"c{i}", seed, each) for i, (case, way) in enumerate(wanted)]
    counts = {name: count for outcome in outcomes for name, count in outcome.counts.items()}
    texts = tuple(text for outcome in outcomes for text in outcome.findings)
    return {"engine": found.name, **_said(Outcome(counts, texts))}


def _files(make: Callable[..., Any]) -> Callable[[Path, int, float, bool], dict[str, Any]]:
    """Return what fuzzes files of a kind."""

    def fuzz(folder: Path, seed: int, seconds: float, few: bool) -> dict[str, Any]:
        return _said(campaign(partial(make, cases=CASES[:2] if few else CASES), folder, seed, seconds))

    return fuzz


def _said(outcome: Outcome) -> dict[str, Any]:
    counts = dict(sorted(outcome.counts.items()))
    return {"executions": outcome.executions, "outcomes": counts, "findings": outcome.findings}


CAMPAIGNS = {"c": c, "graphs": _files(graphs.trial), "models": _files(models.trial)}


def main() -> int:
    """Run campaigns; return whether anything was found."""
    wanted = _wanted()
    folder = Path(tempfile.mkdtemp(prefix="laconic-fuzz-"))
    seconds, found = 60 * wanted.minutes / len(wanted.what), dict[str, Any]()
    for name in wanted.what:
        (folder / name).mkdir()
        found[name] = CAMPAIGNS[name](folder / name, wanted.seed, seconds, wanted.few)
        print(f"{name}: {found[name].get('executions', 'skipped')}", file=sys.stderr)
    print(json.dumps({"seed": wanted.seed, "minutes": wanted.minutes, **found}, indent=1))
    wrong = any(result.get("findings") for result in found.values())
    if wrong:
        print(f"cases stand in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return int(wrong)


def _wanted() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", nargs="*", default=list(CAMPAIGNS), help=f"some of {', '.join(CAMPAIGNS)}; all of them")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--few", action="store_true", help="two networks alone, for a short look")
    found = parser.parse_args()
    if not set(found.what) <= CAMPAIGNS.keys():
        parser.error(f"what must be among {', '.join(CAMPAIGNS)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
