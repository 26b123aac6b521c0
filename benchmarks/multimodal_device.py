"""Throughput of the E-step of multimodal dictionaries on a GPU, beside the CPU in the same run, and whether both agree.

    python benchmarks/multimodal_device.py --device cuda

One step over the scales and the sums that dictionaries are learned from, of two modalities whose samples have their
scales already: compiled on NumPy with every core, and batched on torch. Medians over turns; the two take theirs one
after the other. Prints the table, writes it to benchmarks/results/.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from multimodal_speed import STEPS, Step, prepared

import laconic
from laconic.cli.machine import machine
from laconic.core.arrays import to_numpy
from laconic.core.blocks import ArraySource, LocalPool
from laconic.core.files import atomic_write_text, write_json
from laconic.core.threads import threads_of_our_own
from laconic.factorize.multimodal import Model
from laconic.factorize.multimodal.steps import FAST, Learn

RESULTS = Path(__file__).parent / "results"
FEW = (Step(300, 20, 50, 8), Step(200, 64, 128, 20))


@dataclass(frozen=True)
class Side:
    """Samples and scales where they are computed with."""

    pool: LocalPool
    model: Model
    scales: Any
    wait: Callable[[], None]

    @threads_of_our_own()
    def step(self) -> tuple[float, Any]:
        """Return the seconds that a step takes, and its sums."""
        self.pool.restore(iter([self.scales + 0]))
        self.wait()
        begun = time.perf_counter()
        sums = self.pool.run(Learn(self.model, FAST))
        self.wait()
        return time.perf_counter() - begun, sums


def sides(case: Step, device: torch.device, dtype: str, seed: int) -> tuple[Side, Side]:
    pool, model, scales = prepared(case, seed)
    values = pool.source.values.astype(dtype)
    edges = np.array([0, case.n])
    here = Side(LocalPool(ArraySource(values, edges)), model, scales.astype(dtype), lambda: None)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    moved, given = (torch.as_tensor(one, device=device) for one in (values, here.scales))
    return here, Side(LocalPool(ArraySource(moved, edges)), model, given, wait)


def measured(case: Step, device: torch.device, dtype: str, options: argparse.Namespace) -> dict[str, Any]:
    pair = sides(case, device, dtype, options.seed)
    sums = [side.step()[1] for side in pair]  # the first compiles
    turns = [[side.step()[0] for side in pair] for _ in range(options.rounds)]
    rates = [case.n / median(column) for column in zip(*turns, strict=True)]
    names = {name: getattr(case, name) for name in ("n", "features", "atoms", "active")}
    return names | {"dtype": dtype, "cpu": rates[0], "device": rates[1], "apart": apart(*sums)}


def apart(plain: Any, found: Any) -> float:
    """Return the largest difference of the sums, over the largest of each."""
    pairs = zip(plain.each, found.each, strict=True)
    both = [(getattr(a, name), getattr(b, name)) for a, b in pairs for name in ("second", "cross")]
    return max(float(np.max(np.abs(to_numpy(b) - a)) / np.max(np.abs(a))) for a, b in both)


def page(results: dict[str, Any]) -> str:
    about = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    lines = [
        "# The E-step on a GPU",
        "",
        f"`{results['command']}`; {results['date']}; laconic {results['laconic']}; {about}; "
        f"{results['device']}; seed {results['seed']}, {results['rounds']} turns.",
        "",
        "Samples a second, two modalities; the CPU with every core. Apart: the largest difference of sums, over the",
        "largest of each.",
        "",
        "| samples | features | atoms | in use | type | CPU | GPU | ratio | apart |",
        "| ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in results["rows"]:
        lines.append(
            f"| {row['n']:,} | 2 x {row['features']} | 2 x {row['atoms']} | {row['active']} | {row['dtype']} | "
            f"{row['cpu']:,.0f} | {row['device']:,.0f} | {row['device'] / row['cpu']:.2f} | {row['apart']:.0e} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="small sizes, one turn, nothing written")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    device = torch.device(options.device)
    cases = FEW if options.smoke else STEPS
    rows = [measured(case, device, dtype, options) for case in cases for dtype in ("float64", "float32")]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    results = {
        "command": f"python benchmarks/multimodal_device.py --device {options.device}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "device": name,
        "seed": options.seed,
        "rounds": options.rounds,
        "rows": rows,
    }
    text = page(results)
    print(text)
    if not options.smoke:
        options.out.mkdir(parents=True, exist_ok=True)
        write_json(options.out / "multimodal_device.json", results)
        atomic_write_text(options.out / "multimodal_device.md", text)


if __name__ == "__main__":
    main()
