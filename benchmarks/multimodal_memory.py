"""Memory of laconic.MultimodalDictionary on a file of millions of samples, and its cost for each sample.

    python benchmarks/multimodal_memory.py --folder FOLDER

Writes 5 million samples of two modalities in float32, 20 features each, in pieces into a temporary folder (removed at
the end). Processes of their own fit a fifth of it and all of it behind a memory map, with known noise, and say what the
operating system counted as their peak (VmHWM). A slice of the file is fitted as it is and as an array, with blocks of
the same size: dictionaries have to agree. Last, processor time for each sample of one step of EM over growing parts of
the file, in the page cache: where scales are found from nothing, as a fit does in its first step, or in all where there
is no room for them, and where they stayed with their blocks. Prints the table, writes it to benchmarks/results/.
"""

import argparse
import json
import os
import shutil
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
from laconic.core.blocks import LocalPool, as_source
from laconic.core.threads import threads_of_our_own
from laconic.factorize.multimodal import Model
from laconic.factorize.multimodal.steps import FAST, Learn

RESULTS = Path(__file__).parent / "results"
GOAL_GROWTH, GOAL_SAME, GOAL_FLAT = 0.1, 1e-6, 0.1
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
SNR = {"a": 30.0, "b": 10.0}
STEPS = 20
"""Over the scales of a block, where they are found from nothing."""


@dataclass(frozen=True)
class Size:
    """Samples of the file, of the slice that is fitted twice, and of the steps that are timed; p is of one modality."""

    n: int = 5_000_000
    p: int = 20
    k: int = 25
    nonzero: int = 3
    slice: int = 50_000
    timed: tuple[int, ...] = (10_000, 100_000, 1_000_000, 5_000_000)
    timed_steps: tuple[int, ...] = (10, 3, 1, 1)
    block: int = 20_000
    memory: str = "500MB"
    max_iter: int = 3

    @property
    def columns(self) -> dict[str, slice]:
        return {name: slice(i * self.p, (i + 1) * self.p) for i, name in enumerate(SNR)}

    @property
    def noise(self) -> dict[str, float]:
        """Of samples that have energy `nonzero` in each modality, on average."""
        return {name: self.nonzero / self.p / 10 ** (snr / 10) for name, snr in SNR.items()}

    def model(self, options: argparse.Namespace, **more: Any) -> laconic.MultimodalDictionary:
        more = {"max_iter": self.max_iter, "sparsity": self.nonzero, "cycles": 1, "random_state": options.seed} | more
        return laconic.MultimodalDictionary(self.k, modalities=self.columns, noise=self.noise, **more)


SMALL = Size(3000, 6, 8, 1, 1000, (500, 3000), (2, 1), 500, "1MB", 2)


# The file -----------------------------------------------------------------------------------------------------------


def planted(size: Size, seed: int) -> Any:
    """Return the atoms of all modalities side by side, shape (k, 2 p)."""
    atoms = np.random.default_rng(seed).standard_normal((len(SNR), size.k, size.p), np.float32)
    return np.hstack(list(atoms / np.linalg.norm(atoms, axis=2, keepdims=True)))


def write(path: Path, size: Size, seed: int) -> None:
    """Write samples piece by piece, each of a few atoms that both modalities use."""
    rng, atoms, width = np.random.default_rng(seed + 1), planted(size, seed), len(SNR) * size.p
    deviation = np.repeat(np.sqrt(list(size.noise.values())), size.p).astype(np.float32)
    piece = max(1, 2**22 // width)
    with path.open("wb") as file:
        for first in range(0, size.n, piece):
            rows = min(piece, size.n - first)
            active = rng.random((rows, size.k), np.float32).argpartition(size.nonzero - 1, axis=1)[:, : size.nonzero]
            X = deviation * rng.standard_normal((rows, width), np.float32)
            for columns in size.columns.values():
                codes = np.zeros((rows, size.k), np.float32)
                np.put_along_axis(codes, active, rng.standard_normal((rows, size.nonzero), np.float32), axis=1)
                X[:, columns] += codes @ atoms[:, columns]
            file.write(X.data)


def mapped(path: Path, size: Size, n: int) -> Any:
    return np.memmap(path, np.float32, "r", shape=(n, len(SNR) * size.p))


# One process --------------------------------------------------------------------------------------------------------


def worker(options: argparse.Namespace) -> dict[str, Any]:
    size = SMALL if options.smoke else Size()
    return WORK[options.worker](options.file, size, options)


def part(path: Path, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    return peak(path, size, options, size.n // 5)


def whole(path: Path, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    return peak(path, size, options, size.n)


def peak(path: Path, size: Size, options: argparse.Namespace, n: int) -> dict[str, Any]:
    before, begun, ticks = resident(), time.perf_counter(), list[float]()
    model = size.model(options, memory=size.memory, tol=0.0, on_iteration=lambda _: ticks.append(time.perf_counter()))
    model.fit(mapped(path, size, n))
    cosines = [abs(model.components_[name] @ planted(size, options.seed)[:, at].T) for name, at in size.columns.items()]
    return {
        "n": n,
        "bytes_before": before,
        "bytes_peak": resident(),
        "seconds": time.perf_counter() - begun,
        "seconds_a_step": ticks[-1] - ticks[-2],
        "steps": model.n_iter_,
        "atoms": [float(np.mean(one.max(axis=0) > 0.99)) for one in cosines],
    }


def resident() -> int:
    """Return the most memory that this process has held so far, in bytes."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def same(path: Path, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    on_disk = mapped(path, size, size.slice)
    pair = [size.model(options, block_size=size.block).fit(X).components_ for X in (on_disk, np.array(on_disk))]
    differences = [float(np.abs(pair[0][name] - pair[1][name]).max()) for name in SNR]
    return {"difference": max(differences), "equal": not any(differences)}


def timed(path: Path, size: Size, options: argparse.Namespace) -> dict[str, Any]:
    """Return processor microseconds for a sample and a step, medians of all steps of all turns."""
    model = size.model(options, max_iter=1).fit(np.array(mapped(path, size, size.timed[0]))).result_.model
    spent(path, size, size.timed[0], model)  # compiles
    turns: dict[int, list[tuple[float, float]]] = {n: [] for n in size.timed}
    for _ in range(options.rounds):
        for n, steps in zip(size.timed, size.timed_steps, strict=True):
            turns[n] += [spent(path, size, n, model) for _ in range(steps)]
    kinds = {kind: {str(n): median(pair[i] for pair in turns[n]) for n in turns} for i, kind in enumerate(KINDS)}
    return {"microseconds": kinds, "turns": {str(n): pairs for n, pairs in turns.items()}}


KINDS = ("anew", "kept")


def spent(path: Path, size: Size, n: int, model: Model) -> tuple[float, float]:
    """Return the microseconds for a sample of a step that finds scales, and of the next one."""
    pool = LocalPool(as_source("multimodal_memory", mapped(path, size, n), block_size=size.block))
    begun, times = time.process_time(), list[float]()
    with threads_of_our_own():
        for _ in KINDS:
            pool.run(Learn(model, FAST, first=STEPS))
            times.append(time.process_time())
    return 1e6 / n * (times[0] - begun), 1e6 / n * (times[1] - times[0])


WORK = {"same": same, "part": part, "whole": whole, "timed": timed}


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
    about, size, same = (result[name] for name in ("machine", "size", "same"))
    lines = [
        "# Multimodal dictionaries: memory, and cost for each sample",
        "",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, {about['cores']} "
        f"cores, Python {about['python']}, numpy {about['numpy']}; {result['threads']} thread(s), "
        f"seed {result['seed']}. {size['n']:,} x {len(SNR)} x {size['p']} of float32 at "
        f"{' and '.join(f'{snr:g}' for snr in SNR.values())} dB, {size['k']} atoms, {size['nonzero']} in use, their "
        "noise known.",
        "",
        "| samples | file, GB | peak memory, GB | of it before the fit | the fit, s | its last step, s | atoms found |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(peak_line(result[name], size) for name in ("part", "whole")),
        "",
        f'memory="{size["memory"]}", {result["whole"]["steps"]} steps over all data. Growth of the peak: '
        f"{growth(result):.1%}. Scales of all samples would be {4e-9 * size['n'] * size['k']:.2f} GB.",
        "",
        "| samples | finding scales anew, processor us for a sample | with scales that were kept |",
        "|---:|---:|---:|",
        *(cost_line(result, n) for n in result["timed"]["microseconds"]["anew"]),
        "",
        f"One step of EM in blocks of {size['block']:,}; anew are {STEPS} steps over the scales, kept is one.",
        "",
        f"Largest difference of dictionaries, {size['slice']:,} samples mapped and in memory: {same['difference']:g}.",
        "",
        f"Goals: {verdict(result)}.",
    ]
    return "\n".join([*lines, ""])


def peak_line(found: dict[str, Any], size: dict[str, Any]) -> str:
    file = 4 * found["n"] * len(SNR) * size["p"]
    atoms = ", ".join(f"{one:.0%}" for one in found["atoms"])
    memory = f"{file / 1e9:.2f} | {found['bytes_peak'] / 1e9:.2f} | {found['bytes_before'] / 1e9:.2f}"
    return f"| {found['n']:,} | {memory} | {found['seconds']:.0f} | {found['seconds_a_step']:.1f} | {atoms} |"


def cost_line(result: dict[str, Any], n: str) -> str:
    anew, kept = (result["timed"]["microseconds"][kind][n] for kind in KINDS)
    return f"| {int(n):,} | {anew:.1f} | {kept:.2f} |"


def growth(result: dict[str, Any]) -> float:
    return result["whole"]["bytes_peak"] / result["part"]["bytes_peak"] - 1


def verdict(result: dict[str, Any]) -> str:
    spreads = [max(each.values()) / min(each.values()) - 1 for each in result["timed"]["microseconds"].values()]
    goals = {
        f"peak of five times the samples at most {GOAL_GROWTH:.0%} above": growth(result) <= GOAL_GROWTH,
        f"mapped and in memory the same to {GOAL_SAME:g}": result["same"]["difference"] <= GOAL_SAME,
        f"cost within {GOAL_FLAT:.0%} ({' and '.join(f'{one:.0%}' for one in spreads)})": max(spreads) <= GOAL_FLAT,
    }
    return "; ".join(f"{name}: {'met' if met else 'not met'}" for name, met in goals.items())


def main() -> None:
    options = arguments()
    warnings.simplefilter("ignore")  # of fits that use up their iterations
    if options.worker:
        print(json.dumps(worker(options)))
        return
    size = SMALL if options.smoke else Size()
    with tempfile.TemporaryDirectory(prefix="laconic-", dir=options.folder) as folder:
        needed, free = 4 * size.n * len(SNR) * size.p, shutil.disk_usage(folder).free
        if free < 2 * needed:
            raise SystemExit(f"{folder} has {free / 1e9:.1f} GB left, {2 * needed / 1e9:.1f} are needed; see --folder")
        path = Path(folder) / "samples.f32"
        write(path, size, options.seed)
        found = {name: in_process(name, path, options) for name in WORK}
    result = {
        "command": f"python benchmarks/multimodal_memory.py --folder FOLDER --seed {options.seed}",
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
    (options.out / "multimodal_memory.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "multimodal_memory.md").write_text(markdown(result))
    print(markdown(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=None, help="where the file goes (default the system's own)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="of laconic and the linear algebra (default 2)")
    parser.add_argument("--rounds", type=int, default=1, help="timed turns (default 1)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="a small file; give another --out")
    parser.add_argument("--worker", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
