"""Throughput of the E-step of multimodal dictionaries, an online pass, and a large problem, beside l1 learners.

    python benchmarks/multimodal_speed.py

Four parts, each in a process of its own, without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, which some machines set and
which slow down all; what has been measured of the others stays in the table, so they can be run one by one with --only.

steps: one step over the scales and the sums that dictionaries are learned from, of two modalities whose samples have
their scales already, on one and on two threads in turn. online: the first samples of a planted stream are fitted, with
known noise, then a pass over the others is timed; scikit-learn and SPAMS learn each modality by itself in the same way.
large: a planted problem of one modality, with known noise. pair: one of as many features in two, which takes hours and
is left out unless --only names it. Every l1 learner is given several penalties; for each modality the one that finds
the most atoms is shown, and its seconds. All problems and starts are drawn anew in every turn. SPAMS is measured where
it is installed. Prints the tables, writes them to benchmarks/results/.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from multimodal_learners import (
    KEPT,
    SLOWING,
    Clock,
    Line,
    Problem,
    beside_lines,
    by_laconic,
    large_lines,
    online_lines,
    row,
    trials,
)
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.core.blocks import ArraySource, LocalPool
from laconic.core.threads import threads_of_our_own
from laconic.datasets import make_sensors
from laconic.factorize.multimodal import Layout, Model, Part, surveyed
from laconic.factorize.multimodal.steps import FAST, Learn
from laconic.sbl.coupling import OneToOne

RESULTS = Path(__file__).parent / "results"


# Steps --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """Two modalities of so many features and atoms each, of which every sample uses some."""

    n: int
    features: int
    atoms: int
    active: int
    goal: float | None = None


STEPS = (
    Step(20_000, 20, 50, 50, 30e3),
    Step(100_000, 20, 50, 8),
    Step(5000, 64, 128, 128),
    Step(30_000, 64, 128, 20, 50e3),
    Step(8000, 256, 512, 20),
)
FEW_STEPS = (Step(500, 20, 50, 50, 30e3), Step(500, 20, 50, 8), Step(200, 64, 128, 20, 50e3))
CALLS = 3


def steps(options: argparse.Namespace) -> dict[str, Any]:
    cases = FEW_STEPS if options.smoke else STEPS
    turns: list[list[dict[int, tuple[float, float]]]] = [[] for _ in cases]
    for turn in range(options.rounds + 1):
        for case, found in zip(cases, turns, strict=True):
            pool, model, scales = prepared(case, options.seed)
            order = (1, 2) if turn % 2 == 0 else (2, 1)
            rates = {threads: rate(pool, model, scales, threads) for threads in order}
            if turn > 0:  # the first one compiles
                found.append(rates)
    return {"rows": [step_row(case, found) for case, found in zip(cases, turns, strict=True)]}


def prepared(case: Step, seed: int) -> tuple[LocalPool, Model, Any]:
    """Planted samples as one block, their true model, and scales that add up to the energy of a sample."""
    planted = make_sensors(case.n, (case.features,) * 2, case.atoms, 5, random_state=seed)
    width = case.features
    parts = (Part("a", np.arange(width), width), Part("b", np.arange(width, 2 * width), width))
    pool = LocalPool(ArraySource(np.hstack(list(planted.X.values())), np.array([0, case.n])))
    layout = surveyed("multimodal_speed", pool, Layout(parts))
    noises = tuple(planted.noise[part.name] / part.unit**2 for part in layout.parts)
    model = Model(layout, OneToOne().links((case.atoms,) * 2), tuple(planted.components.values()), noises)
    order = np.argsort(np.random.default_rng(seed).random((case.n, case.atoms)), axis=1)
    return pool, model, np.where(order < case.active, 1 / case.active, 0.0)


def rate(pool: LocalPool, model: Model, scales: Any, threads: int) -> tuple[float, float]:
    """Return samples a second by the clock and of the processor, medians of a few steps as a fit takes them."""
    wall, processor = [], []
    with threadpool_limits(threads, user_api="blas"), threads_of_our_own():
        for _ in range(CALLS):
            pool.restore(iter([scales.copy()]))
            begun = time.perf_counter(), time.process_time()
            pool.run(Learn(model, FAST))
            wall.append(time.perf_counter() - begun[0])
            processor.append(time.process_time() - begun[1])
    return pool.n_samples / median(wall), pool.n_samples / median(processor)


def step_row(case: Step, turns: list[dict[int, tuple[float, float]]]) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(case, name) for name in ("n", "features", "atoms", "active", "goal")}
    for threads in (1, 2):
        wall = [turn[threads][0] for turn in turns]
        processor = median(turn[threads][1] for turn in turns)
        row[str(threads)] = {"rate": median(wall), "range": [min(wall), max(wall)], "processor": processor}
    return row


# Planted problems ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """Planted samples: the first are fitted, the others come in batches."""

    words: str
    features: tuple[int, ...]
    snr: tuple[float, ...]
    atoms: int
    head: int
    stream: int
    batch: int

    def draw(self, seed: int, threads: int) -> Problem:
        n = self.head + self.stream
        planted = make_sensors(n, self.features, self.atoms, NONZERO, snr=self.snr, random_state=seed)
        return Problem(planted, self.head, self.batch, seed, threads)


NONZERO = 5
PENALTIES, ONE_PENALTY = (0.04, 0.07, 0.1, 0.13, 0.17, 0.25), (0.1,)
"""Of l1, in the length of a typical signal."""
BATCHES = (1000, 4000)
"""Of 512 samples, for a large problem."""
STREAMS = tuple(Size(f"batches of {batch:,}", (20, 20), (30.0, 10.0), 50, 1000, 20_000, batch) for batch in (500, 1000))
BIG = (
    Size("one modality of 64 features, 20 dB", (64,), (20.0,), 256, 10_000, 90_000, 1000),
    Size("two modalities of 32 features, 30 and 10 dB", (32, 32), (30.0, 10.0), 256, 10_000, 90_000, 1000),
)
FEW_STREAMS = (Size("batches of 100", (20, 20), (30.0, 10.0), 12, 300, 300, 100),)
FEW_BIG = (
    Size("one modality of 16 features, 20 dB", (16,), (20.0,), 12, 300, 300, 100),
    Size("two modalities of 8 features, 30 and 10 dB", (8, 8), (30.0, 10.0), 12, 300, 300, 100),
)
GOAL_SECONDS, GOAL_NOISY = 10.0, 0.98


def online(options: argparse.Namespace) -> dict[str, Any]:
    sizes, penalties = (FEW_STREAMS, ONE_PENALTY) if options.smoke else (STREAMS, PENALTIES)
    rows = raced([(size, online_lines(penalties)) for size in sizes], options)
    return {"sizes": [asdict(size) for size in sizes], "penalties": penalties, "rows": rows}


def large(options: argparse.Namespace) -> dict[str, Any]:
    (one, _), *given = (FEW_BIG, ONE_PENALTY, (10,)) if options.smoke else (BIG, PENALTIES, BATCHES)
    rows = raced([(one, large_lines(*given))], options)
    return {"sizes": [asdict(one)], "penalties": given[0], "rows": rows}


def pair(options: argparse.Namespace) -> dict[str, Any]:
    (_, two), *given = (FEW_BIG, ONE_PENALTY, (10,)) if options.smoke else (BIG, PENALTIES, BATCHES)
    rows = raced([(two, large_lines(*given) + beside_lines(*given))], options)
    return {"sizes": [asdict(two)], "penalties": given[0], "rows": rows}


def raced(races: list[tuple[Size, list[Line]]], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Let learners take turns, each with a problem of its own."""
    rows = []
    for size, lines in races:
        found: dict[str, list[Any]] = {line.name: [] for line in lines if line.available}
        compiled(size, options)
        for turn in range(options.rounds):
            problem = size.draw(options.seed + turn, options.threads)
            for line in lines if turn % 2 == 0 else lines[::-1]:
                if line.available:
                    found[line.name].append(trials(line, problem))
                    tell(f"{size.words}, turn {turn}: {told(line, found[line.name][-1])}")
        rows += [{"size": size.words, **row(line, found[line.name])} for line in lines if line.available]
    return rows


def told(line: Line, trials: list[dict[str, Any]]) -> str:
    """Return what a line has just found, so that a run that is stopped has said something."""
    one = row(line, [trials])
    atoms = " / ".join(f"{share:.3f}" for share in one["atoms"].values())
    return f"{line.name}: {atoms} in {one['wall']:.1f} s, {one['before']:.1f} s before"


def compiled(size: Size, options: argparse.Namespace) -> None:
    """Compile what is compiled at its first call, outside the times that are told."""
    small = Size("", size.features, size.snr, 12, 200, 100, 100).draw(0, options.threads)
    by_laconic(small, Clock())


def tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


PARTS = {"steps": steps, "online": online, "large": large, "pair": pair}
USUAL = ("steps", "online", "large")


# One process a part -------------------------------------------------------------------------------------------------


def in_process(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run a part by itself; SPAMS's threads wait without spinning: where others use the machine, that takes minutes."""
    environment = {key: value for key, value in os.environ.items() if key not in SLOWING}
    environment |= {KEPT + key: os.environ[key] for key in SLOWING if key in os.environ}
    threads = 2 if name == "steps" else 1 if options.smoke else options.threads
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    environment["OMP_WAIT_POLICY"] = "passive"
    command = [sys.executable, __file__, "--worker", name, "--seed", str(options.seed)]
    command += ["--rounds", str(options.rounds), "--threads", str(threads)] + (["--smoke"] if options.smoke else [])
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return about(options, threads) | json.loads(printed.splitlines()[-1])


def about(options: argparse.Namespace, threads: int) -> dict[str, Any]:
    known = [name for name in ("scikit-learn", "spams-bin", "numpy", "numba") if installed(name)]
    return {
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": ", ".join(f"{name} {version(name)}" for name in known),
        "threads": threads,
        "rounds": options.rounds,
        "seed": options.seed,
    }


def installed(name: str) -> bool:
    try:
        return bool(version(name))
    except ModuleNotFoundError:
        return False


# Telling ------------------------------------------------------------------------------------------------------------


def markdown(parts: dict[str, Any]) -> str:
    told = {"steps": steps_told, "online": online_told, "large": large_told, "pair": large_told}
    lines = [
        "# Multimodal dictionaries: throughput, an online pass, a large problem",
        "",
        "`python benchmarks/multimodal_speed.py`",
    ]
    for name, words in told.items():
        if name in parts:
            lines += ["", *words(parts[name]), "", made_with(parts[name])]
    return "\n".join([*lines, ""])


def made_with(part: dict[str, Any]) -> str:
    on = part["machine"]
    return (
        f"laconic {part['laconic']}, {part['date']}; {on['cpu']}, {on['cores']} cores, Python {on['python']}, "
        f"{part['versions']}; {part['rounds']} turns, seeds from {part['seed']}."
    )


def steps_told(part: dict[str, Any]) -> list[str]:
    lines = [
        "## One step over the scales, and the sums for the dictionaries",
        "",
        "Two modalities, float64, scales kept. Thousands of samples a second, medians of the turns (least and most).",
        "",
        "| features | atoms | in use | one thread | two threads | two threads, for a processor second | goal |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return lines + [step_line(r) for r in part["rows"]]


def step_line(r: dict[str, Any]) -> str:
    one, two = (in_thousands(r[key]) for key in "12")
    met = "" if r["goal"] is None else f"{r['goal'] / 1e3:.0f}: {said(r['2']['rate'] >= r['goal'])}"
    head = f"| {r['features']} + {r['features']} | {r['atoms']} + {r['atoms']} | {r['active']} |"
    return f"{head} {one} | {two} | {r['2']['processor'] / 1e3:.3g} | {met} |"


def in_thousands(found: dict[str, Any]) -> str:
    low, high = found["range"]
    return f"{found['rate'] / 1e3:.3g} ({low / 1e3:.3g} - {high / 1e3:.3g})"


def said(met: bool) -> str:
    return "met" if met else "not met"


def online_told(part: dict[str, Any]) -> list[str]:
    size = part["sizes"][0]
    lines = [
        "## An online pass",
        "",
        f"Two modalities, a of 30 and b of 10 dB, {size['features'][0]} features each, {size['atoms']} atoms, "
        f"{NONZERO} in use; {size['head']:,} samples are fitted first, their noise known, then {size['stream']:,} pass "
        f"by once. {chosen(part)}",
        "",
        *table(
            part["rows"], "first fit, s | the pass, s (least - most) | processor s", ("before", "wall", "processor")
        ),
        "",
    ]
    mine = [r for r in part["rows"] if r["contender"] == "laconic"]
    best = max(mine, key=lambda r: (r["atoms"]["b"] >= GOAL_NOISY, -r["wall"]))
    met = best["wall"] <= GOAL_SECONDS and best["atoms"]["b"] >= GOAL_NOISY
    goal = f"Goal, a pass of at most {GOAL_SECONDS:.0f} s after which {GOAL_NOISY:.0%} of b's atoms are found"
    return [*lines, f"{goal}: {said(met)}, in {best['size']}."]


def large_told(part: dict[str, Any]) -> list[str]:
    size = part["sizes"][0]
    return [
        f"## A large problem, {size['words']}",
        "",
        f"{size['head'] + size['stream']:,} samples of {sum(size['features'])} features, {size['atoms']} atoms in each "
        f"modality, {NONZERO} in use; the noise known, whole calls. {chosen(part)}",
        "",
        *table(part["rows"], "seconds (least - most) | processor s", ("wall", "processor")),
    ]


def chosen(part: dict[str, Any]) -> str:
    return (
        f"{part['threads']} thread(s). l1 penalties, in the length of a typical signal: of "
        f"{', '.join(map(str, part['penalties']))} the one that finds the most atoms, for each modality; seconds are "
        "those with it alone, of all modalities."
    )


def table(rows: list[dict[str, Any]], head: str, keys: tuple[str, ...]) -> list[str]:
    names = sorted({name for r in rows for name in r["atoms"]})
    titles = " | ".join(f"{name} found" for name in names)
    lines = [f"| | contender | penalty | {titles} | {head} |", "|---|---|---:|" + "---:|" * (len(names) + len(keys))]
    return lines + [table_line(r, names, keys) for r in rows]


def table_line(r: dict[str, Any], names: list[str], keys: tuple[str, ...]) -> str:
    known = [str(value) for value in r["penalty"].values() if value is not None]
    atoms = " | ".join(f"{r['atoms'][name]:.1%}" if name in r["atoms"] else "" for name in names)
    times = " | ".join(took(r, key) for key in keys)
    return f"| {r['size']} | {r['contender']} | {', '.join(known)} | {atoms} | {times} |"


def took(r: dict[str, Any], key: str) -> str:
    if key != "wall":
        return f"{r[key]:.3g}"
    return f"{r['wall']:.3g} ({min(r['wall_each']):.3g} - {max(r['wall_each']):.3g})"


def main() -> None:
    options = arguments()
    warnings.simplefilter("ignore")  # of fits that use up their iterations
    if options.worker:
        print(json.dumps(PARTS[options.worker](options)))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "multimodal_speed.json"
    parts = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    for name in options.only or USUAL:
        parts[name] = in_process(name, options)
        kept.write_text(json.dumps(parts, indent=1) + "\n")
        (options.out / "multimodal_speed.md").write_text(markdown(parts))
    print(markdown(parts))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=PARTS, help="some of the parts; others measured before are kept")
    parser.add_argument("--rounds", type=int, default=3, help="turns of all contenders (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="of the first turn")
    parser.add_argument("--threads", type=int, default=2, help="of planted problems (default 2)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--smoke", action="store_true", help="small data; give another --out")
    parser.add_argument("--worker", choices=PARTS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
