"""Sparse NMF on a cluster: two workers against one, bytes moved, and a worker that is killed.

    python benchmarks/nmf_cluster.py

Planted factors in float32, in a file that the workers read; one thread a worker, all on one machine. Speed: fits of the
same data in blocks of the same sizes by one process without a cluster, by one worker and by two take turns; the time of
an iteration is the median over a fit, and the median of the turns' ratios counts. Bytes: what workers send in an
iteration, to each other and to the client, for growing numbers of samples in the same number of blocks. Killed: a
worker is killed by SIGKILL in the middle of a step; factors are compared with those of one process. Prints the tables,
writes them to benchmarks/results/.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from distributed import Client, LocalCluster

import laconic
from laconic.cli.machine import machine
from laconic.core.blocks import LocalPool, Pool, as_source
from laconic.core.blocks.cluster import ClusterPool
from laconic.core.blocks.spread import of_source
from laconic.datasets import make_factors
from laconic.factorize import NMFResult, Settings, factorize, surveyed
from laconic.priors import as_prior

RESULTS = Path(__file__).parent / "results"
BLOCKS, K, NONZERO = 16, 40, 4
GOAL = 1.6


def planted(folder: Path, n: int, p: int, seed: int, dtype: Any = np.float32) -> Any:
    """A memory map of n samples of p features, written block by block; all have the same parts."""
    path = folder / f"samples-{n}-{np.dtype(dtype)}.npy"
    values = np.lib.format.open_memmap(path, "w+", dtype, (n, p))
    parts = make_factors(1, p, K, NONZERO, random_state=seed).components
    for i, rows in enumerate(np.array_split(np.arange(n), BLOCKS)):
        codes = make_factors(len(rows), 1, K, NONZERO, snr=None, random_state=seed + i).codes
        noise = 0.01 * np.random.default_rng(seed + i).standard_normal((len(rows), p))
        values[rows] = np.maximum(codes @ parts + noise, 0)
    values.flush()
    return np.load(path, mmap_mode="r")


@contextmanager
def pooled(X: Any, n_workers: int) -> Iterator[tuple[Pool, Client | None]]:
    """The samples as blocks, with so many workers; 0 is this process."""
    source = as_source("nmf_cluster", X, block_size=-(-len(X) // BLOCKS))
    if n_workers == 0:
        yield LocalPool(source), None
        return
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0", "memory_limit": "8GB"}
    with LocalCluster(n_workers=n_workers, **options) as cluster, Client(cluster) as client:
        pool = ClusterPool(client, of_source(client, source))
        yield pool, client
        pool.close()


def fitted(pool: Pool, iterations: int, seed: int, watch: Callable[[int], None] = lambda _: None) -> NMFResult:
    settings = Settings(K, prior=as_prior("nmf_cluster", "rgdp", "type I"), init="random", max_iter=iterations, tol=0.0)
    survey = surveyed("nmf_cluster", pool)
    generator = np.random.default_rng(seed)
    return factorize(pool, survey, settings, generator, watch=lambda _, tick: watch(tick.iteration))


# Speed --------------------------------------------------------------------------------------------------------------


def speed(X: Any, turns: int, iterations: int, seed: int) -> dict[str, Any]:
    seconds: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for turn in range(turns):
        for n_workers in (0, 1, 2) if turn % 2 == 0 else (2, 1, 0):
            seconds[n_workers].append(seconds_each(X, n_workers, iterations, seed))
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    return {
        "shape": list(X.shape),
        "seconds_an_iteration": {str(n): round(median(found), 3) for n, found in seconds.items()},
        "two_against_one": round(median(ratios), 2),
        "turns": [round(ratio, 2) for ratio in ratios],
    }


def seconds_each(X: Any, n_workers: int, iterations: int, seed: int) -> float:
    times: list[float] = []
    with pooled(X, n_workers) as (pool, _):
        fitted(pool, iterations, seed, lambda _: times.append(time.perf_counter()))
    return float(np.median(np.diff(times)))


# Bytes --------------------------------------------------------------------------------------------------------------


def traffic(X: Any, iterations: int, seed: int) -> dict[str, Any]:
    counts: list[int] = []
    with pooled(X, 2) as (pool, client):
        fitted(pool, iterations, seed, lambda _: counts.append(sent(client)))
    return {"n_samples": len(X), "kilobytes_an_iteration": round(float(np.mean(np.diff(counts))) / 1024, 1)}


def sent(client: Any) -> int:
    """Bytes that workers have sent so far."""
    return sum(client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total).values())


def part_of_sum(p: int) -> float:
    """KB of what a block says to the dictionary: C'X and C'C in float64."""
    return (K * p + K * K) * 8 / 1024


# A worker that is killed --------------------------------------------------------------------------------------------


def killed(X: Any, iterations: int, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with pooled(X, 0) as (pool, _):
        expected, codes = fitted(pool, iterations, seed), np.concatenate(list(pool.states()))
    for name, at in (("undisturbed", 0), ("killed", iterations // 2)):
        with pooled(X, 2) as (pool, client):
            start = time.perf_counter()
            result = fitted(pool, iterations, seed, lambda count, client=client, at=at: count == at and kill(client))
            seconds = time.perf_counter() - start
            theirs = np.concatenate(list(pool.states()))
        found[name] = {
            "seconds": round(seconds, 1),
            "components_differ_by": float(np.abs(result.x - expected.x).max() / np.abs(expected.x).max()),
            "codes_differ_by": float(np.abs(theirs - codes).max() / np.abs(codes).max()),
        }
    return {"shape": list(X.shape), "iterations": iterations, **found}


def kill(client: Any) -> None:
    """Kill a worker once the next step is on its way."""
    victim = min(client.run(os.getpid).values())
    threading.Timer(0.1, lambda: os.kill(victim, signal.SIGKILL)).start()


# Telling ------------------------------------------------------------------------------------------------------------


def markdown(result: dict[str, Any]) -> str:
    about, fast, lost = result["machine"], result["speed"], result["killed"]
    each, met = fast["seconds_an_iteration"], "met" if fast["two_against_one"] >= GOAL else "not met"
    n, p = fast["shape"]
    lines = [
        "# Sparse NMF on a cluster",
        "",
        f"{n:,} x {p} float32 in a file, {K} parts, {BLOCKS} blocks; one thread a worker, all on one machine.",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, {about['cores']} "
        f"cores, Python {about['python']}, numpy {about['numpy']}, dask {result['dask']}; seed {result['seed']}.",
        "",
        "| who | seconds an iteration |",
        "|---|---:|",
        f"| one process, no cluster | {each['0']:.3f} |",
        f"| one worker | {each['1']:.3f} |",
        f"| two workers | {each['2']:.3f} |",
        "",
        f"Two workers are {fast['two_against_one']:.2f} times as fast as one (turns: "
        f"{', '.join(f'{ratio:.2f}' for ratio in fast['turns'])}); the goal, {GOAL}, is {met}.",
        "",
        "| samples | KB that workers send in an iteration |",
        "|---:|---:|",
        *(f"| {row['n_samples']:,} | {row['kilobytes_an_iteration']:,.1f} |" for row in result["traffic"]),
        "",
        f"It depends on which blocks Dask puts beside each other, and not on their size: of {BLOCKS} parts of the sum, "
        f"{part_of_sum(p):,.0f} KB each, those travel whose neighbours are on another worker, and the dictionary does.",
        "",
        f"A fit of {lost['iterations']} iterations to {lost['shape'][0]:,} x {lost['shape'][1]} float64; differences "
        "from one process are relative to the largest entry.",
        "",
        "| worker | seconds | components differ by | codes differ by |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {lost[name]['seconds']:.1f} | {lost[name]['components_differ_by']:.0e} "
            f"| {lost[name]['codes_differ_by']:.0e} |"
            for name in ("undisturbed", "killed")
        ),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=160_000, help="samples of the largest fit (default 160000)")
    parser.add_argument("--features", type=int, default=1000, help="features (default 1000)")
    parser.add_argument("--iterations", type=int, default=12, help="iterations of a fit (default 12)")
    parser.add_argument("--turns", type=int, default=3, help="fits of each contender (default 3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    n, p, seed = options.samples, options.features, options.seed
    with tempfile.TemporaryDirectory(prefix="laconic-") as folder:
        sizes = {count: planted(Path(folder), count, p, seed) for count in (n // 8, n // 4, n // 2, n)}
        result = {
            "command": f"python benchmarks/nmf_cluster.py --samples {n} --features {p} --seed {seed}",
            "laconic": laconic.__version__,
            "dask": version("dask"),
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "seed": seed,
            "machine": machine(),
            "speed": speed(sizes[n], options.turns, options.iterations, seed),
            "traffic": [traffic(X, options.iterations, seed) for X in sizes.values()],
            "killed": killed(planted(Path(folder), n // 8, p, seed, np.float64), 60, seed),
        }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "nmf_cluster.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "nmf_cluster.md").write_text(markdown(result))
    print(markdown(result))


if __name__ == "__main__":
    main()
