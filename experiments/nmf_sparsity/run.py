"""Coefficients above zero against error on images of faces: laconic.SparseNMF beside l1 penalties of other libraries.

Writes results.json, results.md and a figure beside this file. The data are looked for in --data, or in the folder that
the environment variable LACONIC_DATA names; they do not come with laconic. SPAMS is measured where it is installed.
"""

import argparse
import os
import sys
import time
import warnings
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from compare import beside
from figures import curves, save
from methods import BOTH, CURVES, L1, RGDP, Curve
from page import page
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json
from laconic.datasets import make_factors

HERE = Path(__file__).parent
FILE = "faces_cbcl.npz"
COMPARED = {"codes": [RGDP], "all": [RGDP, BOTH, L1]}
ABOVE = 1e-6


def main() -> None:
    """Run the experiment."""
    options = arguments()
    X, words, k = load(options)
    available = [curve for curve in CURVES if curve.available]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that use up their iterations
        warm_up(available)
        points = {curve.name: measured(curve, X, k, options) for curve in available}
    theirs = [curve.name for curve in available if not curve.ours]
    results = about(options) | {
        "words": words,
        "k": k,
        "compared": COMPARED,
        "beside": {name: {key: compared(points, name, key) for key in COMPARED} for name in theirs},
        "points": points,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))
    save(curves(points, {curve.name for curve in available if curve.ours}), options.out / "curves.svg")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("LACONIC_DATA"), help=f"folder with {FILE}")
    parser.add_argument("--seed", type=int, default=0, help="of starts")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="small made-up data, few points; give another --out")
    return parser.parse_args()


def load(options: argparse.Namespace) -> tuple[Any, str, int]:
    if options.smoke:
        return make_factors(80, 20, n_components=5, random_state=options.seed).X, "Made-up data", 5
    path = Path(options.data or "") / FILE
    if not path.is_file():
        sys.exit(f"run.py: --data must be a folder with {FILE}, got {options.data}")
    with np.load(path) as data:
        X = data["X"].reshape(len(data["X"]), -1) / 255
    return X, f"{len(X):,} faces of 19 x 19 pixels (MIT CBCL), in [0, 1]", 49


def warm_up(available: list[Curve]) -> None:
    """Compile what is compiled at its first call, outside the times that are reported."""
    small = make_factors(40, 10, n_components=3).X
    for curve in available:
        curve.solve(small, 3, 0.01, 0)


def measured(curve: Curve, X: Any, k: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    strengths = curve.strengths[:: max(1, len(curve.strengths) - 1)] if options.smoke else curve.strengths
    found = [point(curve, X, k, strength, options.seed) for strength in strengths]
    print(f"{curve.name}: " + ", ".join(f"{p['relative_error']:.3f} {p['share_codes']:.0%}" for p in found), flush=True)
    return found


def point(curve: Curve, X: Any, k: int, strength: float, seed: int) -> dict[str, Any]:
    started = time.process_time()
    codes, components = curve.solve(X, k, strength, seed)
    seconds = time.process_time() - started
    length = np.linalg.norm(components, axis=1)
    codes, components = codes * length, components / np.where(length > 0, length, 1.0)[:, None]
    counts = [int(np.sum(part > ABOVE * part.max())) for part in (codes, components)]
    return {
        "strength": strength,
        "relative_error": float(np.linalg.norm(X - codes @ components) / np.linalg.norm(X)),
        "codes": counts[0],
        "components": counts[1],
        "all": sum(counts),
        "share_codes": counts[0] / codes.size,
        "share_all": sum(counts) / (codes.size + components.size),
        "seconds": seconds,
    }


def compared(points: dict[str, Any], name: str, key: str) -> list[dict[str, Any]]:
    return beside({ours: points[ours] for ours in COMPARED[key]}, points[name], key)


def about(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "command": f"python experiments/nmf_sparsity/run.py --data DATA --seed {options.seed}",
        "laconic": laconic.__version__,
        "peers": f", spams-bin {found}" if (found := _version("spams-bin")) else "",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "seed": options.seed,
        "skipped": [curve.name for curve in CURVES if not curve.available],
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
