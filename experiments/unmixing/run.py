"""Unmixing of spectra: a real scene with its end members and with a library of 105 spectra, and planted minerals.

Every method of laconic beside SciPy's nnls called in a loop, one thread. Writes results.json, results.md and a picture
of abundance maps with their uncertainty beside this file. The data are looked for in --data, or in the folder that the
environment variable LACONIC_DATA names; they do not come with laconic.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import minerals
import numpy as np
from figures import maps, save
from methods import METHODS, Answer, Matrix, support, timed
from page import page
from scenes import Scene, made_up, samson
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json

HERE = Path(__file__).parent
FILES = {"scene": "hsi_samson.npz", "minerals": "spectral_library_usgs1995.npz"}
ON_ENDMEMBERS = ("scipy nnls, looped", "nnls", "R-SBL diagonal")
DRAWN = ("R-SBL diagonal", "sparse NNLS, GDP, noise x 4")
SIGNALS = 10


def main() -> None:
    """Run the experiment."""
    options = arguments()
    scene, spectra = load(options)
    with threadpool_limits(1):
        warm_up(scene)
        on_endmembers = {name: timed(METHODS[name], scene.endmembers, scene.Y) for name in ON_ENDMEMBERS}
        on_library = {
            name: timed(method, scene.library, scene.Y[:, :: method.every]) for name, method in METHODS.items()
        }
        mixtures = minerals.study(spectra, 5 if options.smoke else SIGNALS, options.seed)
    results = about(options) | {
        "endmembers": [judge_endmembers(name, scene, answer) for name, answer in on_endmembers.items()],
        "library": [judge_library(name, scene, answer) for name, answer in on_library.items()],
        "minerals": mixtures,
    }
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))
    save(draw(scene, on_endmembers[DRAWN[0]], on_library[DRAWN[1]]), options.out / "maps.png")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("LACONIC_DATA"), help="folder of the data")
    parser.add_argument("--seed", type=int, default=0, help="seed of the planted mixtures")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="small made-up data; give another --out")
    return parser.parse_args()


def load(options: argparse.Namespace) -> tuple[Scene, Matrix]:
    if options.smoke:
        return made_up(6, 5), minerals.made_up_library()
    folder = Path(options.data or "")
    missing = [name for name in FILES.values() if not (folder / name).is_file()]
    if missing:
        sys.exit(f"run.py: --data must be a folder with {' and '.join(missing)}, got {options.data}")
    return samson(folder / FILES["scene"]), minerals.library(folder / FILES["minerals"])


def warm_up(scene: Scene) -> None:
    """Compile what is compiled at its first call, outside the times that are reported."""
    small = made_up(2, 3)
    for method in METHODS.values():
        method.solve(small.library, small.Y)
    METHODS["nnls"].solve(scene.library, scene.Y)  # some pixels need what the small ones do not


def shares(codes: Matrix) -> Matrix:
    """Scale columns to sum to one."""
    return codes / np.maximum(codes.sum(axis=0), np.finfo(float).tiny)


def judge_endmembers(name: str, scene: Scene, answer: Answer) -> dict[str, Any]:
    return _common(name, scene.endmembers, scene.Y, answer) | {
        "abundance_rmse": float(np.sqrt(np.mean((shares(answer.x) - scene.abundances) ** 2))),
    }


def judge_library(name: str, scene: Scene, answer: Answer) -> dict[str, Any]:
    found = shares(scene.by_group(answer.x))
    every = METHODS[name].every
    return _common(name, scene.library, scene.Y[:, ::every], answer) | {
        "abundance_rmse": float(np.sqrt(np.mean((found - scene.abundances[:, ::every]) ** 2))),
    }


def _common(name: str, A: Matrix, Y: Matrix, answer: Answer) -> dict[str, Any]:
    x = answer.x
    return {
        "method": name,
        "pixels": Y.shape[1],
        "finite": bool(np.isfinite(x).all()),
        "residual": float(np.linalg.norm(Y - A @ x) / np.linalg.norm(Y)),
        "support": support(x, 1e-6),
        "support_1": support(x, 1e-2),
        "seconds": answer.seconds,
        "message": answer.message,
    }


def draw(scene: Scene, on_endmembers: Answer, on_library: Answer) -> Any:
    """Reference abundances, ours with the end members, ours with the library, and the deviation of the second."""
    rows = {
        "reference": scene.abundances,
        "end members": shares(on_endmembers.x),
        "library": shares(scene.by_group(on_library.x)),
    }
    total = np.maximum(on_endmembers.x.sum(axis=0), np.finfo(float).tiny)
    return maps(scene, rows, on_endmembers.std / total)


def about(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "command": f"python experiments/unmixing/run.py --data DATA --seed {options.seed}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
    }


if __name__ == "__main__":
    main()
