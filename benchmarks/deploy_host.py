"""Time of one sequence through compiled C, beside ONNX Runtime and PyTorch: one thread, one sequence at a time.

    python benchmarks/deploy_host.py

An LSTM of 128 units and a linear layer of 4 read 49 steps of 10 features. Contenders take turns in the same run; the
median of the turns counts. ONNX Runtime gets the dense network as one LSTM operator, in floats and with its dynamic
8-bit quantisation. laconic's times are of many sequences given in one call, each answered alone, and of one sequence a
call from Python. Answers are compared with PyTorch's. Prints the table, writes it to benchmarks/results/.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import quantize_dynamic
from torch import nn

import laconic
from laconic.cli.machine import machine
from laconic.deploy import CompiledModel, lower
from laconic.rnn import compress

RESULTS = Path(__file__).parent / "results"
FEATURES, UNITS, OUTPUTS, STEPS = 10, 128, 4, 49
SHAPES = {
    "laconic, Kronecker, 16 times smaller": ((8, 2), (16, 69)),  # without the biases
    "laconic, Kronecker, largest rank": ((8, 6), (16, 23)),  # that a sixteenth of the bytes allows
    "laconic, Kronecker, papers' shapes": ((8, 23), (16, 6)),
}
PEERS = {"ONNX Runtime, float": 0.25, "ONNX Runtime, dynamic int8": 0.55}
"""And the share of a peer's time that compressed networks are meant to take at most."""


class Network(nn.Module):
    """What many people write."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, UNITS, batch_first=True)
        self.head = nn.Linear(UNITS, OUTPUTS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, (h, _) = self.rnn(x)
        return self.head(h[-1])


@dataclass(frozen=True)
class Contender:
    """How a contender answers sequences (n, steps, features), its size, and by how much its layer is smaller."""

    name: str
    answer: Callable[[Any], Any]
    factor: float
    difference: float


def compiled(name: str, x: Any) -> list[Contender]:
    """Return laconic's ways to call a network: dense, or of these factor shapes."""
    torch.manual_seed(0)
    model, factor = Network().eval(), 1.0
    if name in SHAPES:
        account = compress(model, shapes=SHAPES[name], layers=["rnn"], init="random", random_state=0)
        factor = account.layer_factor
    library = CompiledModel(lower(model))
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    ways: dict[str, Callable[[Any], Any]] = {
        name: lambda some: [library.predict(some)],
        f"{name}, a call each": lambda some: [library.predict(one[None]) for one in some],
    }
    return [Contender(key, way, factor, away(way(x), expected)) for key, way in ways.items()]


def away(answers: list[Any], expected: Any) -> float:
    return float(np.abs(np.concatenate(answers) - expected).max())


def peers(x: Any, folder: Path) -> list[Contender]:
    """Return PyTorch and ONNX Runtime with the dense network."""
    torch.manual_seed(0)
    model = Network().eval()
    files = [folder / "float.onnx", folder / "int8.onnx"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.from_numpy(x[:1]),), str(files[0]), dynamo=False, input_names=["x"])
    quantize_dynamic(str(files[0]), str(files[1]))
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()
    ways = {"PyTorch, eager": pytorch(model)}
    ways |= {name: onnx(file) for name, file in zip(PEERS, files, strict=True)}
    return [Contender(name, way, 1.0, away(way(x), expected)) for name, way in ways.items()]


def pytorch(model: nn.Module) -> Callable[[Any], Any]:
    def answer(x: Any) -> Any:
        with torch.inference_mode():
            return [model(one[None]).numpy() for one in torch.from_numpy(x)]

    return answer


def onnx(file: Path) -> Callable[[Any], Any]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda x: [session.run(None, {"x": one[None]})[0] for one in x]


def measured(contenders: list[Contender], x: Any, turns: int) -> list[dict[str, Any]]:
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(turns):
        for contender in contenders:
            started = time.perf_counter()
            contender.answer(x)
            times[contender.name].append((time.perf_counter() - started) / len(x) * 1e6)
    return [row(contender, times) for contender in contenders]


def row(contender: Contender, times: dict[str, list[float]]) -> dict[str, Any]:
    own = times[contender.name]
    shares = {peer: median(a / b for a, b in zip(own, times[peer], strict=True)) for peer in PEERS}
    return {"contender": contender.name, "factor": contender.factor, "microseconds": median(own),
            "shares": shares, "difference": contender.difference}  # fmt: skip


def page(found: dict[str, Any]) -> str:
    lines = [
        "# One sequence through compiled C on a host",
        "",
        f"`{found['command']}`, {found['turns']} turns of {found['sequences']} sequences; {found['date']}; laconic "
        f"{found['laconic']}; {', '.join(f'{name} {value}' for name, value in found['machine'].items())}.",
        "",
        f"LSTM {FEATURES} -> {UNITS}, {STEPS} steps, a linear layer of {OUTPUTS}; float32, one thread. Microseconds a "
        "sequence, median of the turns; shares of a peer's time, median over the turns; largest difference from "
        "PyTorch's answers to the same network.",
        "",
        f"| contender | layer | µs | {' | '.join(f'share of {peer}' for peer in PEERS)} | difference |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in found["rows"]:
        shares = " | ".join(f"{one['shares'][peer]:.2f}" for peer in PEERS)
        lines.append(f"| {one['contender']} | {one['factor']:.1f}x smaller | {one['microseconds']:.1f} | {shares} | "
                     f"{one['difference']:.0e} |")  # fmt: skip
    goals = ", ".join(f"{share} of {peer}" for peer, share in PEERS.items())
    ours = [one for one in found["rows"] if one["contender"] in SHAPES]
    met = all(one["shares"][peer] <= share for one in ours for peer, share in PEERS.items())
    goal = f"Goal, many in one call: compressed at most {goals}: {'met' if met else 'not met'}."
    return "\n".join([*lines, "", goal, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description="Time compiled C beside ONNX Runtime and PyTorch.")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--sequences", type=int, default=200)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    x = np.random.default_rng(0).standard_normal((options.sequences, STEPS, FEATURES)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        contenders = [one for name in ("laconic, dense", *SHAPES) for one in compiled(name, x)]
        rows = measured([*contenders, *peers(x, Path(folder))], x, options.turns)
    versions = {"onnxruntime": onnxruntime.__version__}
    found = {"laconic": laconic.__version__, "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
             "command": "python benchmarks/deploy_host.py", "turns": options.turns, "sequences": options.sequences,
             "machine": machine() | versions, "rows": rows}  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "deploy_host.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (options.out / "deploy_host.md").write_text(page(found), "utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
