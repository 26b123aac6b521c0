"""ONNX files of three forms: their sizes, and time of one sequence in ONNX Runtime, beside PyTorch's own export.

    python benchmarks/deploy_onnx.py

LSTMs of 128 and of 512 units and a linear layer of 4 read 49 steps of 10 features, dense or with Kronecker products for
gates. Contenders take turns in the same run, by one thread, one sequence a call and 64 a call; the median of the turns
counts. Answers are compared with PyTorch's. Prints the table, writes it to benchmarks/results/.
"""

import argparse
import json
import tempfile
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import deploy_host as host  # which sets one thread before NumPy is loaded
import numpy as np
import onnxruntime
import torch
from torch import nn

import laconic
from laconic.cli.machine import machine
from laconic.deploy import lower, to_onnx
from laconic.rnn import compress

FORMS = ("expanded", "standard", "scan")
NETWORKS: dict[tuple[int, str], tuple[tuple[int, int], ...]] = {
    (128, "dense"): (),
    (128, "Kronecker, 16 times smaller"): ((8, 2), (16, 69)),  # both without the biases
    (128, "Kronecker, 63 times smaller"): ((8, 23), (16, 6)),
    (512, "dense"): (),
    (512, "Kronecker, 257 times smaller"): ((16, 29), (32, 18)),
}
PEER = "torch.onnx.export"
BATCH = 64


class Network(nn.Module):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(host.FEATURES, units, batch_first=True)
        self.head = nn.Linear(units, host.OUTPUTS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, (h, _) = self.rnn(x)
        return self.head(h[-1])


@dataclass(frozen=True)
class Contender:
    units: int
    network: str
    form: str
    file: Path
    load: float
    session: Any
    difference: float


def network(units: int, name: str) -> nn.Module:
    torch.manual_seed(0)
    model = Network(units).eval()
    if shapes := NETWORKS[units, name]:
        compress(model, shapes=shapes, layers=["rnn"], init="random", random_state=0)
    return model


def contenders(x: Any, folder: Path) -> list[Contender]:
    found = []
    for units, name in NETWORKS:
        model = network(units, name)
        with torch.no_grad():
            expected = model(torch.from_numpy(x)).numpy()
        for form in (*[PEER] * (name == "dense"), *FORMS):
            file = folder / f"{len(found)}.onnx"
            written(model, form, x, file)
            found.append(opened(units, name, form, file, x, expected))
    return found


def written(model: nn.Module, form: str, x: Any, file: Path) -> None:
    if form != PEER:
        to_onnx(lower(model), file, form=form)
        return
    free = {"x": {0: "batch", 1: "steps"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.from_numpy(x[:2]),), str(file), dynamo=False, input_names=["x"],
                          dynamic_axes=free)  # fmt: skip


def opened(units: int, name: str, form: str, file: Path, x: Any, expected: Any) -> Contender:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    started = time.perf_counter()
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    load = time.perf_counter() - started
    (answers,) = session.run(None, {"x": x})
    return Contender(units, name, form, file, load, session, float(np.abs(answers - expected).max()))


def measured(found: list[Contender], x: Any, turns: int) -> list[dict[str, Any]]:
    one: list[list[float]] = [[] for _ in found]
    many: list[list[float]] = [[] for _ in found]
    for _ in range(turns):
        for i, contender in enumerate(found):
            started = time.perf_counter()
            for each in x:
                contender.session.run(None, {"x": each[None]})
            between = time.perf_counter()
            contender.session.run(None, {"x": x})
            one[i].append((between - started) / len(x) * 1e6)
            many[i].append((time.perf_counter() - between) / len(x) * 1e6)
    return [row(i, found, (one, many)) for i in range(len(found))]


def row(i: int, found: list[Contender], times: tuple[list[list[float]], list[list[float]]]) -> dict[str, Any]:
    own = found[i]
    peer = next(k for k, c in enumerate(found) if (c.units, c.form) == (own.units, PEER))
    twin = next(k for k, c in enumerate(found) if (c.units, c.network, c.form) == (own.units, own.network, "standard"))
    return {"units": own.units, "network": own.network, "form": own.form,
            "bytes": own.file.stat().st_size, "load_milliseconds": 1e3 * own.load,
            "microseconds": [median(each[i]) for each in times],
            "shares": [share(each[i], each[peer]) for each in times],
            "shares_of_standard": [share(each[i], each[twin]) for each in times],
            "difference": own.difference}  # fmt: skip


def share(own: list[float], other: list[float]) -> float:
    return median(a / b for a, b in zip(own, other, strict=True))


def page(found: dict[str, Any]) -> str:
    lines = [
        "# ONNX files of three forms",
        "",
        f"`{found['command']}`, {found['turns']} turns of {BATCH} sequences; {found['date']}; laconic "
        f"{found['laconic']}; {', '.join(f'{name} {value}' for name, value in found['machine'].items())}.",
        "",
        f"LSTM {host.FEATURES} -> units, {host.STEPS} steps, a linear layer of {host.OUTPUTS}; float32, one thread. "
        f"Microseconds a sequence, given one by one or {BATCH} a call, median of the turns; in brackets the share of "
        f"the time of the dense network by {PEER}, median over the turns; milliseconds to open the file, once; largest "
        "difference from PyTorch's answers to the same network.",
        "",
        f"| units | network | form | file B | opens in ms | µs, one a call | µs, {BATCH} a call | difference |",
        "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in found["rows"]:
        times = [f"{t:.0f} ({share:.2f})" for t, share in zip(one["microseconds"], one["shares"], strict=True)]
        lines.append(f"| {one['units']} | {one['network']} | {one['form']} | {one['bytes']:,} | "
                     f"{one['load_milliseconds']:.0f} | {' | '.join(times)} | {one['difference']:.0e} |")  # fmt: skip
    return "\n".join([*lines, "", *slower(found["rows"]), ""])


def slower(rows: list[dict[str, Any]]) -> list[str]:
    """Return how long a loop takes beside the operator."""
    said = []
    for one in (row for row in rows if row["form"] == "scan"):
        single, many = one["shares_of_standard"]
        said.append(f"- {one['units']} units, {one['network']}: a scan takes {single:.2f} times as long as the "
                    f"standard form, one a call, and {many:.2f} times, {BATCH} a call.")  # fmt: skip
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description="Sizes and times of ONNX files.")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--out", type=Path, default=host.RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    x = np.random.default_rng(0).standard_normal((BATCH, host.STEPS, host.FEATURES)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(contenders(x, Path(folder)), x, options.turns)
    found = {"laconic": laconic.__version__, "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
             "command": "python benchmarks/deploy_onnx.py", "turns": options.turns,
             "machine": machine() | {"onnxruntime": onnxruntime.__version__}, "rows": rows}  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "deploy_onnx.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (options.out / "deploy_onnx.md").write_text(page(found), "utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
