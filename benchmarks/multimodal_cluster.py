"""Multimodal dictionaries on a cluster: two workers against one, bytes moved, and a worker that is killed.

    python benchmarks/multimodal_cluster.py

Planted samples of two modalities, their noise known, in a file that the workers read; one thread a worker, all on one
machine. Speed: fits of the same data in blocks of the same sizes by one process without a cluster, by one worker and by
two take turns; the time of a step over all data is the median over a fit, without its first step, and the median of the
turns' ratios counts. Bytes: what workers send in a step, to each other and to the client, for growing numbers of
samples in the same number of blocks. Killed: a worker is killed by SIGKILL in the middle of a step; dictionaries and
likelihoods are compared with those of one process. Prints the tables, writes them to benchmarks/results/.
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
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import dask
import numpy as np
from distributed import Client, LocalCluster

import laconic
from laconic.cli.machine import machine
from laconic.core.blocks import LocalPool, Pool, as_source
from laconic.core.blocks.cluster import ClusterPool
from laconic.core.blocks.spread import of_source
from laconic.datasets import make_sensors
from laconic.factorize.multimodal import Layout, MultimodalResult, Part, Settings, Tick, learn, surveyed
from laconic.sbl.coupling import OneToOne

dask.config.set({"distributed.admin.low-level-log-length": 10**6})  # of messages, from which bytes are summed

RESULTS = Path(__file__).parent / "results"
SNR, NONZERO = (30.0, 10.0), 5
GOAL = 1e-6


@dataclass(frozen=True)
class Size:
    """Samples of the largest fit and of the fit that is disturbed; features and atoms of each modality; blocks."""

    n: int = 40_000
    killed: int = 20_000
    width: int = 20
    atoms: int = 50
    blocks: int = 16
    steps: int = 12
    killed_steps: int = 40
    sparsity: int = NONZERO


SMALL = Size(2400, 800, 8, 10, 8, 5, 8, 1)


@dataclass(frozen=True)
class Planted:
    """A memory map of samples, and what a fit is told."""

    X: Any
    settings: Settings
    size: Size

    @property
    def layout(self) -> Layout:
        width = self.size.width
        return Layout((Part("a", np.arange(width), width), Part("b", np.arange(width, 2 * width), width)))


def planted(folder: Path, n: int, size: Size, steps: int, seed: int) -> Planted:
    drawn = make_sensors(n, (size.width,) * 2, size.atoms, size.sparsity, snr=SNR, random_state=seed)
    path = folder / f"samples-{n}.npy"
    np.save(path, np.hstack(list(drawn.X.values())))
    links, noises = OneToOne().links((size.atoms,) * 2), tuple(drawn.noise.values())
    settings = Settings(links, noises, sparsity=size.sparsity, cycles=0, max_iter=steps, tol=0.0)
    return Planted(np.load(path, mmap_mode="r"), settings, size)


@contextmanager
def pooled(data: Planted, n_workers: int) -> Iterator[tuple[Pool, Client | None]]:
    """The samples as blocks, with so many workers; 0 is this process."""
    source = as_source("multimodal_cluster", data.X, block_size=-(-len(data.X) // data.size.blocks))
    if n_workers == 0:
        yield LocalPool(source), None
        return
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0", "memory_limit": "8GB"}
    with LocalCluster(n_workers=n_workers, **options) as cluster, Client(cluster) as client:
        pool = ClusterPool(client, of_source(client, source))
        yield pool, client
        pool.close()


def fitted(pool: Pool, data: Planted, seed: int, watch: Callable[[int], None] = lambda _: None) -> MultimodalResult:
    """Fit; `watch` is told of the steps over all data."""
    layout = surveyed("multimodal_cluster", pool, data.layout)

    def seen(tick: Tick) -> None:
        if tick.stage == "final":
            watch(tick.iteration)

    return learn(pool, layout, data.settings, np.random.default_rng(seed), seen)


# Speed --------------------------------------------------------------------------------------------------------------


def speed(data: Planted, turns: int, seed: int) -> dict[str, Any]:
    seconds: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for turn in range(turns):
        for n_workers in (0, 1, 2) if turn % 2 == 0 else (2, 1, 0):
            seconds[n_workers].append(seconds_each(data, n_workers, seed))
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    return {
        "shape": list(data.X.shape),
        "seconds_a_step": {str(n): round(median(found), 4) for n, found in seconds.items()},
        "two_against_one": round(median(ratios), 2),
        "turns": [round(ratio, 2) for ratio in ratios],
    }


def seconds_each(data: Planted, n_workers: int, seed: int) -> float:
    times: list[float] = []
    with pooled(data, n_workers) as (pool, _):
        fitted(pool, data, seed, lambda _: times.append(time.perf_counter()))
    return float(np.median(np.diff(times)))


# Bytes --------------------------------------------------------------------------------------------------------------


def traffic(data: Planted, seed: int) -> dict[str, Any]:
    counts: list[int] = []
    with pooled(data, 2) as (pool, client):
        fitted(pool, data, seed, lambda _: counts.append(sent(client)))
    return {"n_samples": len(data.X), "kilobytes_a_step": round(float(np.mean(np.diff(counts))) / 1024, 1)}


def sent(client: Any) -> int:
    """Bytes that workers have sent so far, as they went out: Dask's own totals are of sizes that it guesses."""
    return sum(
        client.run(lambda dask_worker: sum(one["compressed"] for one in dask_worker.transfer_outgoing_log)).values()
    )


def part_of_sum(size: Size) -> float:
    """KB of what a block says to the dictionaries: second moments and products with samples in float64."""
    return 2 * (size.atoms * size.width + size.atoms**2) * 8 / 1024


# A worker that is killed --------------------------------------------------------------------------------------------


def killed(data: Planted, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    steps = data.settings.max_iter
    with pooled(data, 0) as (pool, _):
        expected = fitted(pool, data, seed)
    for name, at in (("undisturbed", 0), ("killed", steps // 2)):
        with pooled(data, 2) as (pool, client):
            start = time.perf_counter()
            result = fitted(pool, data, seed, lambda count, client=client, at=at: count == at and kill(client))
            seconds = time.perf_counter() - start
        pairs = list(zip(result.x, expected.x, strict=True))
        found[name] = {
            "seconds": round(seconds, 1),
            "atoms_differ_by": max(float(np.abs(one - other).max()) for one, other in pairs),
            "likelihood_differs_by": abs(result.trace[-1] / expected.trace[-1] - 1),
            "bit_equal": all(np.array_equal(*pair) for pair in pairs),
        }
    return {"shape": list(data.X.shape), "steps": steps, **found}


def kill(client: Any) -> None:
    """Kill a worker once the next step is on its way."""
    victim = min(client.run(os.getpid).values())
    threading.Timer(0.1, lambda: os.kill(victim, signal.SIGKILL)).start()


# Telling ------------------------------------------------------------------------------------------------------------


def markdown(result: dict[str, Any]) -> str:
    about, fast, size = result["machine"], result["speed"], Size(**result["size"])
    each, n = fast["seconds_a_step"], fast["shape"][0]
    lines = [
        "# Multimodal dictionaries on a cluster",
        "",
        f"{n:,} x ({size.width} + {size.width}) in a file, {size.atoms} atoms, {size.sparsity} in use, 30 and 10 dB, "
        f"{size.blocks} blocks; one thread a worker, all on one machine.",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, {about['cores']} "
        f"cores, Python {about['python']}, numpy {about['numpy']}, dask {result['dask']}; seed {result['seed']}.",
        "",
        "| who | seconds a step |",
        "|---|---:|",
        *(f"| {who} | {each[key]:.3f} |" for key, who in WHO.items()),
        "",
        f"Two workers are {fast['two_against_one']:.2f} times as fast as one (turns: "
        f"{', '.join(f'{ratio:.2f}' for ratio in fast['turns'])}).",
        "",
        "| samples | KB that workers send in a step |",
        "|---:|---:|",
        *(f"| {row['n_samples']:,} | {row['kilobytes_a_step']:,.1f} |" for row in result["traffic"]),
        "",
        f"It depends on which blocks Dask puts beside each other, and not on their size: of {size.blocks} parts of the "
        f"sum, {part_of_sum(size):,.0f} KB each, those travel whose neighbours are on another worker, and the "
        "dictionaries do.",
        "",
        *told_of_killed(result["killed"]),
        "",
    ]
    return "\n".join(lines)


WHO = {"0": "one process, no cluster", "1": "one worker", "2": "two workers"}


def told_of_killed(lost: dict[str, Any]) -> list[str]:
    rows = {name: lost[name] for name in ("undisturbed", "killed")}
    worst = max(max(one["atoms_differ_by"], one["likelihood_differs_by"]) for one in rows.values())
    return [
        f"A fit of {lost['steps']} steps to {lost['shape'][0]:,} samples; differences from one process, that of the "
        "likelihood relative.",
        "",
        "| worker | seconds | atoms differ by | likelihood differs by | to the last bit |",
        "|---|---:|---:|---:|---|",
        *(
            f"| {name} | {one['seconds']:.1f} | {one['atoms_differ_by']:.0e} | {one['likelihood_differs_by']:.0e} "
            f"| {'equal' if one['bit_equal'] else 'not equal'} |"
            for name, one in rows.items()
        ),
        "",
        f"Goal, what one process finds to {GOAL:g}: {'met' if worst <= GOAL else 'not met'}.",
    ]


def main() -> None:
    options = arguments()
    size, seed = SMALL if options.smoke else Size(), options.seed
    with tempfile.TemporaryDirectory(prefix="laconic-") as folder:
        counts = [size.n // 4, size.n] if options.smoke else [size.n // 8, size.n // 4, size.n // 2, size.n]
        data = {n: planted(Path(folder), n, size, size.steps, seed) for n in counts}
        result = {
            "command": f"python benchmarks/multimodal_cluster.py --turns {options.turns} --seed {seed}",
            "laconic": laconic.__version__,
            "dask": version("dask"),
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "seed": seed,
            "machine": machine(),
            "size": vars(size),
            "speed": speed(data[size.n], options.turns, seed),
            "traffic": [traffic(one, seed) for one in data.values()],
            "killed": killed(planted(Path(folder), size.killed, size, size.killed_steps, seed), seed),
        }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "multimodal_cluster.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "multimodal_cluster.md").write_text(markdown(result))
    print(markdown(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3, help="fits of each contender (default 3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="small data; give another --out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
