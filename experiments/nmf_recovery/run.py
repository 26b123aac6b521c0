"""Recovery of planted factors: priors and solvers of laconic.SparseNMF beside other factorisations, over ten seeds.

Writes results.json and results.md beside this file. scikit-learn comes with laconic; SPAMS and torchnmf are measured
where they are installed (pip install spams-bin torchnmf).
"""

import argparse
import time
import warnings
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from measure import measure
from methods import METHODS, Method
from page import page
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json
from laconic.datasets import Factors, make_factors

HERE = Path(__file__).parent
FULL = {"n_samples": 1500, "n_features": 50, "n_components": 30, "n_nonzero": 3, "snr": 30.0}
SMALL = {"n_samples": 60, "n_features": 12, "n_components": 4, "n_nonzero": 2, "snr": 30.0}


def main() -> None:
    """Run the experiment."""
    options = arguments()
    size = SMALL if options.smoke else FULL
    seeds = range(options.seed, options.seed + (1 if options.smoke else options.trials))
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that use up their iterations, which the table is about
        methods = [method for method in METHODS if method.available]
        if not options.smoke:  # whose times say nothing
            warm_up(methods)
        rows = [summary(method, [trial(method, size, seed) for seed in seeds]) for method in methods]
    results = about(options, len(seeds)) | {"size": size, "truth_error": truth_error(size, seeds), "rows": rows}
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10, help="seeds (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="a small problem, one seed; give another --out")
    return parser.parse_args()


def warm_up(methods: list[Method]) -> None:
    """Compile what is compiled at its first call, outside the times that are reported."""
    for method in methods:
        if method.family.startswith("laconic"):
            method.solve(make_factors(**SMALL), 0)


def trial(method: Method, size: dict[str, Any], seed: int) -> dict[str, float]:
    planted = make_factors(**size, random_state=seed)
    started = time.process_time()
    answer = method.solve(planted, seed)
    seconds = time.process_time() - started
    return measure(planted, answer) | {"seconds": seconds}


def summary(method: Method, trials: list[dict[str, float]]) -> dict[str, Any]:
    """Return a row of results.json: means, the least share of atoms, and the share of each seed."""
    print(f"{method.name}: {np.mean([one['atoms'] for one in trials]):.1%}", flush=True)
    means = {name: float(np.mean([one[name] for one in trials])) for name in trials[0]}
    atoms = [one["atoms"] for one in trials]
    return {"method": method.name, "family": method.family} | means | {"atoms_least": min(atoms), "atoms_each": atoms}


def truth_error(size: dict[str, Any], seeds: range) -> float:
    return float(np.mean([_of_truth(make_factors(**size, random_state=seed)) for seed in seeds]))


def _of_truth(planted: Factors) -> float:
    return float(np.linalg.norm(planted.X - planted.codes @ planted.components) / np.linalg.norm(planted.X))


def about(options: argparse.Namespace, trials: int) -> dict[str, Any]:
    return {
        "command": f"python experiments/nmf_recovery/run.py --trials {trials} --seed {options.seed}",
        "laconic": laconic.__version__,
        "peers": "".join(f", {name} {found}" for name in ("spams-bin", "torchnmf") if (found := _version(name))),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "seed": options.seed,
        "trials": trials,
        "skipped": sorted({method.family for method in METHODS if not method.available}),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
