"""Time of one training step, Kronecker-compressed against plain layers of the same shapes.

    python benchmarks/training_step.py

Forward and backward of a recurrent layer on one thread. Every contender takes its turn with the plain layer in the same
run, plain and contender one after the other, and the ratio of each such pair counts; the table gives the median
over the pairs. Beside laconic stand what one would write without it: a cell that multiplies the factors in a Python
loop, and torch.nn.utils.parametrize with torch.kron. Prints the table and writes it to benchmarks/results/.
"""

import argparse
import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

import laconic
from laconic.cli.machine import machine
from laconic.rnn import compress, structures
from laconic.structured import KroneckerMatrix

RESULTS = Path(__file__).parent / "results"
GOAL = 1.25


@dataclass(frozen=True)
class Shape:
    """A layer and its input."""

    name: str
    cell: type[nn.RNNBase]
    batch: int
    steps: int
    features: int
    hidden: int


SHAPES = (
    Shape("KWS-LSTM", nn.LSTM, 128, 49, 10, 118),
    Shape("MNIST-LSTM", nn.LSTM, 128, 28, 28, 40),
    Shape("KWS-GRU", nn.GRU, 128, 49, 10, 154),
)


# Contenders: each makes, of a plain layer, one whose gates are Kronecker products of the papers' shapes ------------


def plain(layer: nn.RNNBase) -> nn.Module:
    return copy.deepcopy(layer)


def kronecker(layer: nn.RNNBase) -> nn.Module:
    layer = copy.deepcopy(layer)
    compress(layer, "kronecker", shapes="paper")
    return layer


class StackedKron(nn.Module):
    """Parametrization of a weight by gates of Kronecker products; parametrize sees one weight at a time."""

    def forward(self, *factors: Tensor) -> Tensor:
        half = len(factors) // 2
        return torch.cat([torch.kron(a, b) for a, b in zip(factors[:half], factors[half:], strict=True)])

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, ...]:
        return self.factors  # given below: the factors to start from


def parametrized(layer: nn.RNNBase) -> nn.Module:
    separate, layer = copy.deepcopy(layer), copy.deepcopy(layer)
    compress(separate, "kronecker", shapes="paper", layout="separate")
    for key, structure in structures(separate).items():
        form = StackedKron()
        factors = [block.factors for block in structure.blocks]
        form.factors = tuple(f[i].detach().clone() for i in (0, 1) for f in factors)
        parametrize.register_parametrization(layer, key.removeprefix("compressed."), form, unsafe=True)
    return layer


class LoopedKronecker(nn.Module):
    """An LSTM or GRU in Python whose gates multiply their factors at every step and never form the matrix."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        compressed = kronecker(layer)
        gates = structures(compressed)["compressed.l0"].blocks
        self.factors = nn.ParameterList([f.detach().clone() for gate in gates for f in gate.factors])
        self.bias = nn.Parameter(compressed.bias_ih_l0.detach().clone())
        self.hidden, self.lstm = layer.hidden_size, isinstance(layer, nn.LSTM)
        self.features = layer.input_size

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        pairs = zip(self.factors[::2], self.factors[1::2], strict=True)
        gates = [KroneckerMatrix(a, b) for a, b in pairs]
        biases = self.bias.view(len(gates), -1, 1)
        state = memory = x.new_zeros(self.hidden, len(x))
        outputs = []
        for step in x.unbind(1):
            state, memory = (self._lstm if self.lstm else self._gru)(gates, biases, step.t(), state, memory)
            outputs.append(state.t())
        return torch.stack(outputs, 1), None

    def _lstm(self, gates: Any, biases: Tensor, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        joint = torch.cat([x, h])
        i, f, g, o = (gate @ joint + bias for gate, bias in zip(gates, biases, strict=True))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def _gru(self, gates: Any, biases: Tensor, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        joint = torch.cat([x, h])
        r, z = (torch.sigmoid(gate @ joint + bias) for gate, bias in zip(gates[:2], biases[:2], strict=True))
        driven = gates[2] @ torch.cat([x, torch.zeros_like(h)]) + biases[2]
        n = torch.tanh(driven + r * (gates[2] @ torch.cat([torch.zeros_like(x), h])))
        return (1 - z) * n + z * h, c


CONTENDERS: dict[str, Callable[[nn.RNNBase], nn.Module]] = {
    "plain, again": plain,
    "laconic, kronecker": kronecker,
    "parametrize, torch.kron": parametrized,
    "Python loop over factors": LoopedKronecker,
}


# Measuring --------------------------------------------------------------------------------------------------------


def seconds(layer: nn.Module, x: Tensor, seed: Tensor) -> float:
    """Time of one forward and backward."""
    layer.zero_grad()
    start = time.perf_counter()
    layer(x)[0].backward(seed)
    return time.perf_counter() - start


def compare(shape: Shape, pairs: int) -> list[dict[str, Any]]:
    layer = shape.cell(shape.features, shape.hidden, batch_first=True)
    x = torch.randn(shape.batch, shape.steps, shape.features)
    direction = torch.randn(shape.batch, shape.steps, shape.hidden)
    base = copy.deepcopy(layer)
    contenders = {name: build(layer) for name, build in CONTENDERS.items()}
    check(contenders, x)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(pairs + 3):
        for name, contender in contenders.items():
            pair = (seconds(base, x, direction), seconds(contender, x, direction))
            if turn >= 3:  # the first three warm up
                times[name].append(pair)
    return [row(shape, name, found) for name, found in times.items()]


def check(contenders: dict[str, nn.Module], x: Tensor) -> None:
    """What is timed computes the same: the loop over factors gives what the formed product gives."""
    with torch.no_grad():
        ours, loop = (contenders[name](x)[0] for name in ("laconic, kronecker", "Python loop over factors"))
    torch.testing.assert_close(ours, loop, rtol=1e-3, atol=1e-4)


def row(shape: Shape, name: str, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    ratios = [contender / base for base, contender in pairs]
    low, _, high = quantiles(ratios, n=4)
    return {
        "shape": shape.name,
        "layer": f"{shape.cell.__name__} {shape.features} -> {shape.hidden}",
        "batch": shape.batch,
        "steps": shape.steps,
        "contender": name,
        "plain_ms": round(1e3 * median(base for base, _ in pairs), 2),
        "contender_ms": round(1e3 * median(contender for _, contender in pairs), 2),
        "ratio": round(median(ratios), 3),
        "ratio_quartiles": [round(low, 3), round(high, 3)],
        "pairs": len(pairs),
    }


# Telling ----------------------------------------------------------------------------------------------------------


def markdown(result: dict[str, Any]) -> str:
    about = result["machine"]
    lines = [
        "# Training step: Kronecker against plain layers",
        "",
        f"One forward and backward, one thread; the median of the ratios of {result['pairs']} pairs, "
        "plain layer and contender in turn (quartiles in brackets).",
        f"`{result['command']}`, laconic {result['laconic']}, {result['date']}; {about['cpu']}, Python "
        f"{about['python']}, torch {about['torch']}, numpy {about['numpy']}; seed {result['seed']}.",
        "",
        "| layer | batch x steps | contender | plain, ms | contender, ms | ratio |",
        "|---|---|---|---:|---:|---:|",
    ]
    for r in result["rows"]:
        low, high = r["ratio_quartiles"]
        ratio = f"{r['ratio']:.2f} ({low:.2f} - {high:.2f})"
        sizes = f"{r['layer']} | {r['batch']} x {r['steps']}"
        lines.append(f"| {sizes} | {r['contender']} | {r['plain_ms']:.1f} | {r['contender_ms']:.1f} | {ratio} |")
    met = all(r["ratio"] <= GOAL for r in result["rows"] if r["contender"].startswith("laconic"))
    return "\n".join([*lines, "", f"Goal, laconic at most {GOAL} of plain: {'met' if met else 'not met'}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=30, help="pairs a contender (default 30)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rows = [row for shape in SHAPES for row in compare(shape, options.pairs)]
    result = {
        "command": f"python benchmarks/training_step.py --pairs {options.pairs} --seed {options.seed}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seed": options.seed,
        "pairs": options.pairs,
        "goal": GOAL,
        "machine": machine(),
        "rows": rows,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "training_step.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "training_step.md").write_text(markdown(result))
    print(markdown(result))


if __name__ == "__main__":
    main()
