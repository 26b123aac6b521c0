"""Time and memory of rectified sparse Bayesian learning: a batch of signals against one signal after the other.

    python benchmarks/sbl_batch.py

1,000 signals of 100 entries, 400 columns, one thread. Beside the batch stand a loop of single calls of the same
function, and a loop of the algorithm as it is written in arXiv:1601.06207 (plain EM, no pruning, one signal at a
time, in NumPy), which ends by the same tolerance. A loop is timed on a sample of the signals, in turn with the batch,
in the same run.
Prints the table and writes it to benchmarks/results/.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is loaded

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls
from scipy.special import erfcx

import laconic
from laconic.cli.machine import machine
from laconic.datasets import make_sparse_codes
from laconic.sbl import rectified_sbl

RESULTS = Path(__file__).parent / "results"
SAMPLE = 20
GOAL = 10.0
CASES = {
    "20 dB, K = 30": {"n_nonzero": 30, "snr": 20.0},
    "no noise, K = 40": {"n_nonzero": 40, "snr": None},
}


# Contenders: each takes a dictionary, signals (n, k) and the noise, and returns codes ------------------------------


def batch(A: np.ndarray, Y: np.ndarray, noise: float, marginals: str = "e_step") -> np.ndarray:
    return rectified_sbl(A, Y, noise=noise, marginals=marginals).x


def single_calls(A: np.ndarray, Y: np.ndarray, noise: float) -> np.ndarray:
    return np.stack([rectified_sbl(A, y, noise=noise, marginals="e_step").x for y in Y.T], axis=1)


def as_written(A: np.ndarray, Y: np.ndarray, noise: float, tol: float = 1e-3) -> np.ndarray:
    return np.stack([_as_written(A, y, noise, tol) for y in Y.T], axis=1)


def _as_written(A: np.ndarray, y: np.ndarray, noise: float, tol: float) -> np.ndarray:
    n, m = A.shape
    noise = max(noise, 1e-10 * (y @ y) / n)
    gamma = np.full(m, (y @ y) / m)
    for _ in range(500):
        root = np.linalg.cholesky((A * gamma) @ A.T + noise * np.eye(n))
        half = solve_triangular(root, A * gamma, lower=True)
        mean = half.T @ solve_triangular(root, y, lower=True)
        variance = np.maximum(gamma - (half**2).sum(axis=0), 1e-300)
        scale = np.sqrt(variance)
        hazard = np.sqrt(2 / np.pi) / erfcx(-mean / (np.sqrt(2) * scale))
        before, gamma = gamma, np.maximum(mean**2 + variance + mean * scale * hazard, 1e-300)
        if np.abs(np.sqrt(gamma) - np.sqrt(before)).max() <= tol * np.sqrt(gamma.max()):
            break
    stacked = np.vstack([A, np.diag(np.sqrt(noise / gamma))])
    return nnls(stacked, np.concatenate([y, np.zeros(m)]))[0]


# Measuring --------------------------------------------------------------------------------------------------------


def seconds_a_signal(contender: Any, A: np.ndarray, Y: np.ndarray, noise: float) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    x = contender(A, Y, noise)
    return (time.perf_counter() - start) / Y.shape[1], x


def compare(name: str, options: dict[str, Any], signals: int, pairs: int, seed: int) -> dict[str, Any]:
    data = make_sparse_codes(n=100, m=400, n_signals=signals, random_state=seed, **options)
    batch(data.A, data.y[:, :SAMPLE], data.noise)  # compiles what is compiled
    times: dict[str, list[float]] = {"batch": [], "ep": [], "single": [], "written": []}
    for turn in range(pairs):
        some = slice(turn * SAMPLE, (turn + 1) * SAMPLE)
        for key, contender, y in (
            ("batch", batch, data.y),
            ("ep", lambda *given: batch(*given, marginals="ep"), data.y),
            ("single", single_calls, data.y[:, some]),
            ("written", as_written, data.y[:, some]),
        ):
            taken, x = seconds_a_signal(contender, data.A, y, data.noise)
            times[key].append(taken)
            if key == "batch":
                ours = x
        written = x
    truth, sample = data.x[:, some], ours[:, some]
    return {
        "case": name,
        **{f"{key}_ms": round(1e3 * median(values), 2) for key, values in times.items()},
        "over_written": round(median(w / b for w, b in zip(times["written"], times["batch"], strict=True)), 2),
        "over_single": round(median(s / b for s, b in zip(times["single"], times["batch"], strict=True)), 2),
        "nmse_batch": float(f"{_nmse(sample, truth):.3g}"),
        "nmse_written": float(f"{_nmse(written, truth):.3g}"),
    }


def _nmse(x: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean(((x - truth) ** 2).sum(axis=0) / (truth**2).sum(axis=0)))


def peak(memory: str, signals: int, seed: int) -> dict[str, Any]:
    """Return how far a fresh process grows beyond what it holds when the solver is called."""
    command = [sys.executable, __file__, "--child", memory, "--signals", str(signals), "--seed", str(seed)]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {"memory": memory, "grown_mb": round(grown / 1024, 1), "answer_mb": round(7 * 400 * signals * 8 / 2**20, 1)}


def child(memory: str, signals: int, seed: int) -> None:
    data = make_sparse_codes(n=100, m=400, n_signals=signals, n_nonzero=30, snr=20.0, random_state=seed)
    rectified_sbl(data.A[:, :50], data.y[:, :2], noise=data.noise)
    before = _peak_kb()
    rectified_sbl(data.A, data.y, noise=data.noise, memory=memory)
    print(_peak_kb() - before)


def _peak_kb() -> int:
    """Return the most memory that this process has held (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


# Telling ----------------------------------------------------------------------------------------------------------


def markdown(result: dict[str, Any]) -> str:
    about = result["machine"]
    lines = [
        "# Rectified sparse Bayesian learning: a batch against loops",
        "",
        f"Diagonal E-step, {result['signals']:,} signals of 100 entries, 400 columns, one thread; milliseconds a "
        f"signal, medians of {result['pairs']} turns in the same run; the loops on {SAMPLE} signals a turn.",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, Python "
        f"{about['python']}, numpy {about['numpy']}, scipy {about['scipy']}; seed {result['seed']}.",
        "",
        "| case | batch | batch, marginals by EP | loop of single calls | loop as written | over single | over written "
        "| NMSE, batch | NMSE, as written |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r['case']} | {r['batch_ms']:.1f} | {r['ep_ms']:.1f} | {r['single_ms']:.1f} | {r['written_ms']:.1f} "
        f"| {r['over_single']:.1f} x | {r['over_written']:.1f} x | {r['nmse_batch']:.2g} | {r['nmse_written']:.2g} |"
        for r in result["rows"]
    ]
    lines += ["", "| memory asked for | grown by, MB | of which the answer, MB |", "|---|---:|---:|"]
    lines += [f"| {r['memory']} | {r['grown_mb']:.0f} | {r['answer_mb']:.0f} |" for r in result["peaks"]]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--signals", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=3, help="turns a contender (default 3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return child(given.child, given.signals, given.seed)
    options = f"--signals {given.signals} --pairs {given.pairs} --seed {given.seed}"
    rows = [compare(name, case, given.signals, given.pairs, given.seed) for name, case in CASES.items()]
    result = {
        "command": f"python benchmarks/sbl_batch.py {options}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seed": given.seed,
        "signals": given.signals,
        "pairs": given.pairs,
        "goal": GOAL,
        "machine": machine(),
        "rows": rows,
        "peaks": [peak(memory, given.signals, given.seed) for memory in ("100MB", "1GB")],
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "sbl_batch.json").write_text(json.dumps(result, indent=1) + "\n")
    (given.out / "sbl_batch.md").write_text(markdown(result))
    print(markdown(result))


if __name__ == "__main__":
    main()
