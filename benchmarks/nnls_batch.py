"""Time of non-negative least squares for many right-hand sides, against a loop over SciPy's solver.

    python benchmarks/nnls_batch.py

One thread. Contenders take turns in the same run: in every turn the loops get another tenth of the right-hand sides and
laconic gets all of them, since a batch is what it is made for; times are divided by their number, and the median of
the ratios of the turns counts. Beside laconic stands scikit-learn's LinearRegression(positive=True), which loops over
SciPy too. Compiling is timed apart, in a process of its own with an empty cache. Answers are compared: the largest
excess of the objective over SciPy's, as a share of it, or of 1e-15 of the signal's energy where that is more.
Dictionaries from data sets are skipped where the data is not there. Prints the table, writes it to benchmarks/results/.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import scipy.optimize
from sklearn.linear_model import LinearRegression

import laconic
from laconic.cli.machine import machine
from laconic.nnls import nnls

RESULTS = Path(__file__).parent / "results"
PARTS = 10


@dataclass(frozen=True)
class Case:
    """A dictionary and its right-hand sides, and how much faster than SciPy laconic is meant to be."""

    name: str
    A: Any
    Y: Any
    goal: float


def random_cases(rng: np.random.Generator, k: int) -> list[Case]:
    A = rng.standard_normal((200, 50))
    u, _, v = np.linalg.svd(A, full_matrices=False)
    hard = u * np.geomspace(1, 1e-6, 50) @ v
    wide, few = rng.standard_normal((100, 400)), max(PARTS, k // 50)
    codes = np.abs(rng.standard_normal((400, few))) * (rng.random((400, few)) < 0.05)
    return [
        Case("iid normal, random y", A, rng.standard_normal((200, k)), 8.0),
        Case("iid normal, y = A x + noise", A, mixed(rng, A, k), 8.0),
        Case("absolute normal, random y", np.abs(A), rng.standard_normal((200, k)), 1.5),
        Case("absolute normal, y = A x + noise", np.abs(A), mixed(rng, np.abs(A), k), 1.5),
        Case("condition 1e6, random y", hard, rng.standard_normal((200, k // 4)), 1.0),
        Case("condition 1e6, y = A x + noise", hard, mixed(rng, hard, k // 4, 1e-3), 1.0),
        Case("wide, y = A x + noise, x sparse", wide, wide @ codes + 0.1 * rng.standard_normal((100, few)), 1.0),
        Case(
            "wide absolute, the same", np.abs(wide), np.abs(wide) @ codes + 0.1 * rng.standard_normal((100, few)), 1.0
        ),
    ]


def mixed(rng: np.random.Generator, A: Any, k: int, noise: float = 0.3) -> Any:
    return A @ np.abs(rng.standard_normal((A.shape[1], k))) + noise * rng.standard_normal((len(A), k))


def data_cases(rng: np.random.Generator, folder: Path, k: int) -> list[Case]:
    cases = []
    if (folder / "hsi_samson.npz").exists():
        with np.load(folder / "hsi_samson.npz") as scene:
            pixels = rng.permutation(scene["Y"].shape[1]) if k < 5000 else np.arange(scene["Y"].shape[1])
            count = min(len(pixels), 2 * k)
            A, Y = scene["library"].astype(float), scene["Y"][:, pixels[:count]].astype(float)
            cases.append(Case("Samson scene, 105 spectra", A, Y, 1.0))
    if (folder / "spectral_library_usgs1995.npz").exists():
        with np.load(folder / "spectral_library_usgs1995.npz") as library:
            A, few = library["spectra"].astype(float), max(PARTS, k // 100)
        codes = np.abs(rng.standard_normal((A.shape[1], few))) * (rng.random((A.shape[1], few)) < 0.02)
        cases.append(Case("mineral library, noise 0.01", A, A @ codes + 0.01 * rng.standard_normal((len(A), few)), 1.0))
        cases.append(Case("mineral library, noiseless", A, A @ codes, 1.0))
    return cases


# Contenders ---------------------------------------------------------------------------------------------------------


def scipy_loop(A: Any, Y: Any) -> Any:
    return np.stack([scipy.optimize.nnls(A, y, maxiter=100 * A.shape[1])[0] for y in Y.T], axis=1)


def laconic_batch(A: Any, Y: Any) -> Any:
    return nnls(A, Y).x


def sklearn_positive(A: Any, Y: Any) -> Any:
    return LinearRegression(positive=True, fit_intercept=False).fit(A, Y).coef_.T


CONTENDERS: dict[str, Callable[[Any, Any], Any]] = {
    "scipy.optimize.nnls, looped": scipy_loop,
    "laconic.nnls": laconic_batch,
    "scikit-learn, positive=True": sklearn_positive,
}


BATCHED = ("laconic.nnls",)


def compare(case: Case) -> list[dict[str, Any]]:
    parts = np.array_split(case.Y, PARTS, axis=1)
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    answers: dict[str, list[Any]] = {name: [] for name in CONTENDERS}
    starts = np.cumsum([0, *(part.shape[1] for part in parts)])
    for part, start in zip(parts, starts, strict=False):
        for name, solve in CONTENDERS.items():
            batched = name in BATCHED
            seconds, found = timed(solve, case.A, case.Y if batched else part)
            times[name].append(seconds / (case.Y if batched else part).shape[1])
            answers[name].append(found[:, start : start + part.shape[1]] if batched else found)
    return [row(case, name, parts, times, answers) for name in CONTENDERS]


def timed(solve: Callable[[Any, Any], Any], A: Any, Y: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    try:
        found = solve(A, Y)
    except RuntimeError:  # SciPy's solver raises where its iterations are used up, and has no answer then
        found = None
    return time.perf_counter() - start, found


def row(case: Case, name: str, parts: list[Any], times: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    base = "scipy.optimize.nnls, looped"
    ratios = [b / t for b, t in zip(times[base], times[name], strict=True)]
    low, _, high = quantiles(ratios, n=4)
    pairs = zip(parts, answers[base], answers[name], strict=True)
    excess = [worst_excess(case.A, y, x0, x) for y, x0, x in pairs if x0 is not None and x is not None]
    return {
        "case": case.name,
        "shape": list(case.A.shape),
        "right_hand_sides": case.Y.shape[1],
        "contender": name,
        "microseconds_each": round(1e6 * median(times[name]), 1),
        "times_faster": round(median(ratios), 2),
        "times_faster_quartiles": [round(low, 2), round(high, 2)],
        "excess": float(f"{max(excess):.1e}") if excess else None,
        "failed_parts": sum(x is None for x in answers[name]),
        "goal": case.goal,
    }


def worst_excess(A: Any, Y: Any, reference: Any, X: Any) -> float:
    """Largest share by which the objective is above SciPy's; 1e-24 of |y|^2 counts as nothing."""
    ours, theirs = np.sum((A @ X - Y) ** 2, axis=0), np.sum((A @ reference - Y) ** 2, axis=0)
    return float(np.max((ours - theirs) / (theirs + 1e-15 * np.sum(Y**2, axis=0))))


def compile_seconds() -> float:
    """Time of the first call in a fresh process with an empty cache, less that of the second."""
    code = (
        "import time, numpy as np; from laconic.nnls import nnls; A, Y = np.eye(3), np.ones((3, 2))\n"
        "for _ in range(2):\n start = time.perf_counter(); nnls(A, Y); print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        printed = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
    first, second = map(float, printed.stdout.split())
    return first - second


# Telling ------------------------------------------------------------------------------------------------------------


def markdown(result: dict[str, Any]) -> str:
    about = result["machine"]
    lines = [
        "# Non-negative least squares, many right-hand sides",
        "",
        f"One thread; the median of the ratios of {PARTS} turns (quartiles in brackets). Compiling, once for a "
        f"machine, took {result['compile_seconds']:.0f} s and is not in the times. Excess: by what share the "
        "objective is above SciPy's at most (of 1e-15 of the signal's energy, where that is more).",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, Python "
        f"{about['python']}, numpy {about['numpy']}, scipy {result['scipy']}; seed {result['seed']}.",
        "",
        "| dictionary and signals | shape | right-hand sides | contender | microseconds each | times faster | excess |",
        "|---|---|---:|---|---:|---:|---:|",
    ]
    for r in result["rows"]:
        low, high = r["times_faster_quartiles"]
        sizes = f"{r['case']} | {r['shape'][0]} x {r['shape'][1]} | {r['right_hand_sides']:,}"
        speed = f"{r['times_faster']:.2f} ({low:.2f} - {high:.2f})"
        excess = "failed" if r["excess"] is None else f"{r['excess']:.0e}"
        lines.append(f"| {sizes} | {r['contender']} | {r['microseconds_each']:,.1f} | {speed} | {excess} |")
    missed = [
        r["case"] for r in result["rows"] if r["contender"].startswith("laconic") and r["times_faster"] < r["goal"]
    ]
    goal = "Goals, 8 on iid normal, 1.5 on absolute normal and 1 on the hard ones: "
    return "\n".join([*lines, "", goal + ("met." if not missed else f"not met for {', '.join(missed)}."), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--signals", type=int, default=5000, help="right-hand sides of the larger cases (default 5000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with the data sets (default data)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    nnls(np.eye(3), np.ones((3, 2)))
    cases = [*random_cases(rng, options.signals), *data_cases(rng, options.data, options.signals)]
    result = {
        "command": f"python benchmarks/nnls_batch.py --signals {options.signals} --seed {options.seed}",
        "laconic": laconic.__version__,
        "scipy": scipy.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seed": options.seed,
        "compile_seconds": round(compile_seconds(), 1),
        "machine": machine(),
        "rows": [row for case in cases for row in compare(case)],
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "nnls_batch.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "nnls_batch.md").write_text(markdown(result))
    print(markdown(result))


if __name__ == "__main__":
    main()
