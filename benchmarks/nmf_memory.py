"""Memory of laconic.SparseNMF on a file larger than the memory it is given, and its cost for each sample.

    python benchmarks/nmf_memory.py --folder FOLDER

Writes a float32 file of 6 GB in pieces into a temporary folder (removed at the end). A process of its own fits it
behind a memory map, with memory="500MB", and says what the operating system counted as its peak (VmHWM). A slice of
the file is fitted as it is and as an array, with blocks of the same size: components have to agree. Last, processor
time for each sample and iteration of 10,000, 100,000 and 1,000,000 samples, between the ticks of a fit, in turn, the
file in the page cache.
Prints the table, writes it to benchmarks/results/.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import laconic
from laconic.cli.machine import machine

RESULTS = Path(__file__).parent / "results"
GOAL_BYTES, GOAL_FLAT = 1.5e9, 0.1
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True)
class Size:
    """Samples of the file, of the slice that is fitted twice, and of the fits that are timed."""

    n: int = 1_500_000
    p: int = 1000
    k: int = 30
    slice: int = 50_000
    timed: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    block: int = 5000
    memory: str = "500MB"
    max_iter: int = 10
    timed_iter: int = 12
    timed_fits: tuple[int, ...] = (10, 3, 1)


SMALL = Size(6000, 40, 4, 2000, (1000, 2000, 6000), 500, "1MB", 5, 6, (2, 1, 1))


# The file -----------------------------------------------------------------------------------------------------------


def write(path: Path, size: Size, seed: int) -> None:
    """Write samples, each a sparse combination of k components and uniform noise, piece by piece."""
    rng = np.random.default_rng(seed)
    components = np.abs(rng.standard_normal((size.k, size.p), np.float32))
    piece = max(1, 2**24 // size.p)
    with path.open("wb") as file:
        for first in range(0, size.n, piece):
            rows = min(piece, size.n - first)
            codes = rng.random((rows, size.k), np.float32) * (rng.random((rows, size.k), np.float32) < 0.1)
            file.write((codes @ components + 0.1 * rng.random((rows, size.p), np.float32)).data)


def mapped(path: Path, size: Size, n: int) -> Any:
    return np.memmap(path, np.float32, "r", shape=(n, size.p))


# One process --------------------------------------------------------------------------------------------------------


def worker(options: argparse.Namespace) -> dict[str, Any]:
    size = SMALL if options.smoke else Size()
    return {"peak": peak, "same": same, "timed": timed}[options.worker](options.file, size, options)


def peak(path: Path, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    before, begun = resident(), time.perf_counter()
    model = laconic.SparseNMF(size.k, memory=size.memory, max_iter=size.max_iter, random_state=options.seed)
    model.fit(mapped(path, size, size.n))
    return {
        "bytes_before": before,
        "bytes_peak": resident(),
        "seconds": time.perf_counter() - begun,
        "iterations": model.n_iter_,
        "relative_error": model.relative_error_,
    }


def resident() -> int:
    """Return the most memory that this process has held so far, in bytes."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def same(path: Path, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    on_disk = mapped(path, size, size.slice)
    common = {"block_size": size.block, "max_iter": size.max_iter, "random_state": options.seed}
    found = [laconic.SparseNMF(size.k, **common).fit(X).components_ for X in (on_disk, np.array(on_disk))]
    return {"difference": float(np.abs(found[0] - found[1]).max()), "equal": bool((found[0] == found[1]).all())}


def timed(path: Path, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    """Return processor microseconds for a sample and iteration: of every size the median of all fits' medians."""
    turns: dict[int, list[float]] = {n: [] for n in size.timed}
    for turn in range(options.rounds + 1):
        for n, fits in zip(size.timed, size.timed_fits, strict=True):
            spent = [1e6 / n * between_ticks(mapped(path, size, n), size, options.seed) for _ in range(fits)]
            if turn > 0:  # the first one compiles, and brings the file into the page cache
                turns[n] += spent
    return {"microseconds": {str(n): median(spent) for n, spent in turns.items()}, "turns": list(turns.values())}


def between_ticks(X: Any, size: Size, seed: int) -> float:
    ticks: list[tuple[str, float]] = []
    model = laconic.SparseNMF(
        size.k,
        block_size=size.block,
        max_iter=size.timed_iter,
        tol=0.0,
        init="random",
        random_state=seed,
        on_iteration=lambda tick: ticks.append((tick.stage, time.process_time())),
    )
    model.fit(X)
    penalised = [when for stage, when in ticks if stage != "plain"]
    return median(np.diff(penalised))


# All of them --------------------------------------------------------------------------------------------------------


def in_process(name: str, path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run a worker by itself, without what slows down current builds of BLAS."""
    environment = {key: value for key, value in os.environ.items() if key not in SLOWING}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(options.threads))
    command = [sys.executable, __file__, "--worker", name, "--file", str(path), "--seed", str(options.seed)]
    command += ["--rounds", str(options.rounds)] + (["--smoke"] if options.smoke else [])
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(printed.splitlines()[-1])


def markdown(result: dict[str, Any]) -> str:
    about, size, peak, same = (result[name] for name in ("machine", "size", "peak", "same"))
    file = 4 * size["n"] * size["p"]
    spent = {int(n): value for n, value in result["timed"]["microseconds"].items()}
    spread = max(spent.values()) / min(spent.values()) - 1
    lines = [
        "# Sparse NMF: memory, and cost for each sample",
        "",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, {about['cores']} "
        f"cores, Python {about['python']}, numpy {about['numpy']}; {result['threads']} thread(s), "
        f"seed {result['seed']}. {size['n']:,} x {size['p']:,} of float32, k = {size['k']}, prior rgdp.",
        "",
        "| what | measured | goal |",
        "|---|---:|---:|",
        f"| file | {file / 1e9:.2f} GB | |",
        f'| peak memory of the process, memory="{size["memory"]}" | {peak["bytes_peak"] / 1e9:.2f} GB | '
        f"{GOAL_BYTES / 1e9} GB |",
        f"| of that before the fit | {peak['bytes_before'] / 1e9:.2f} GB | |",
        f"| codes of all samples | {4 * size['n'] * size['k'] / 1e9:.2f} GB | |",
        f"| the fit, {peak['iterations']} iterations | {peak['seconds']:.0f} s | |",
        f"| largest difference of components, {size['slice']:,} samples mapped and in memory | "
        f"{same['difference']:g} | 1e-06 |",
        *(
            f"| processor microseconds for a sample and iteration, {n:,} samples | {us:.3f} | |"
            for n, us in spent.items()
        ),
        f"| the dearest over the cheapest, less one | {spread:.0%} | {GOAL_FLAT:.0%} |",
        "",
        "Iterations are those under the prior, the median of a fit, and the median of the fits of "
        f"{result['rounds']} turns, blocks of {size['block']:,} samples, the file in the page cache. Goals: "
        f"{verdict(result, spread)}.",
    ]
    return "\n".join([*lines, ""])


def verdict(result: dict[str, Any], spread: float) -> str:
    goals = {
        "memory": result["peak"]["bytes_peak"] <= GOAL_BYTES,
        "same answer": result["same"]["difference"] <= 1e-6,
        "flat cost": spread <= GOAL_FLAT,
    }
    return ", ".join(f"{name} {'met' if met else 'not met'}" for name, met in goals.items())


def main() -> None:
    options = arguments()
    warnings.simplefilter("ignore")  # of fits that use up their iterations
    if options.worker:
        print(json.dumps(worker(options)))
        return
    size = SMALL if options.smoke else Size()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "samples.f32"
        write(path, size, options.seed)
        found = {name: in_process(name, path, options) for name in ("same", "peak", "timed")}
    result = {
        "command": f"python benchmarks/nmf_memory.py --folder FOLDER --seed {options.seed}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "threads": options.threads,
        "seed": options.seed,
        "rounds": options.rounds,
        "size": asdict(size),
        **found,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "nmf_memory.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "nmf_memory.md").write_text(markdown(result))
    print(markdown(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=None, help="where the file goes (default the system's own)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of the linear algebra (default 1)")
    parser.add_argument("--rounds", type=int, default=3, help="timed turns (default 3)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="a file of 1 MB; give another --out")
    parser.add_argument("--worker", choices=("peak", "same", "timed"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
