"""Instructions of one step on emulated Cortex-M cores: floats and whole numbers, dense and compressed.

    python benchmarks/deploy_boards.py

An LSTM of 128 units and a linear layer of 4 read 49 steps of 10 features. Each network is written as C, built with
arm-none-eabi-gcc and run under QEMU, which counts instructions, not cycles; the counts repeat to the digit, so that one
run says all. Answers are compared with laconic's references: floats within rounding, whole numbers bit for bit. Prints
the table, writes it to benchmarks/results/.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from deploy_host import FEATURES, OUTPUTS, RESULTS, SHAPES, STEPS, UNITS, Network

import laconic
from laconic.cli.machine import machine
from laconic.deploy import TARGETS, Graph, IntGraph, cost, lower, quantize, run_firmware, write_firmware
from laconic.rnn import compress

BOARDS = ("cortex-m4", "cortex-m55")
PAPERS = "laconic, Kronecker, papers' shapes"
GOALS = {
    ("floats", "cortex-m4"): 40_000,
    ("8-bit weights", "cortex-m4"): 35_000,
    ("8-bit weights", "cortex-m55"): 10_000,
}
"""Most instructions a step of the papers' shapes, by number format and board."""


def graphs(x: Any) -> dict[tuple[str, str], Graph | IntGraph]:
    """Return every network's graph, in floats and in whole numbers."""
    found: dict[tuple[str, str], Graph | IntGraph] = {}
    for name in ("laconic, dense", *SHAPES):
        torch.manual_seed(0)
        model = Network().eval()
        if name in SHAPES:
            compress(model, shapes=SHAPES[name], layers=["rnn"], init="random", random_state=0)
        graph = lower(model)
        found |= {(name, "floats"): graph, (name, "8-bit weights"): quantize(graph, x)}
    return found


def row(key: tuple[str, str], graph: Graph | IntGraph, board: str, x: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        write_firmware(graph, folder, target=board)
        run = run_firmware(graph, folder, x, target=board)
    assert run.instructions is not None
    costs = cost(graph)
    return {"network": key[0], "numbers": key[1], "board": board, "instructions": run.instructions.mean() / STEPS,
            "weights": costs.weight_bytes, "code": run.code_bytes, "state": costs.state_bytes,
            "difference": float(np.abs(run.answers - graph.interpret(x)).max())}  # fmt: skip


def versions() -> dict[str, str]:
    tools = {"gcc": ["arm-none-eabi-gcc", "-dumpversion"], "qemu": ["qemu-system-arm", "--version"]}
    said = {
        name: subprocess.run(words, capture_output=True, text=True, check=True).stdout for name, words in tools.items()
    }
    return {name: words.splitlines()[0].removeprefix("QEMU emulator version ") for name, words in said.items()}


def page(found: dict[str, Any]) -> str:
    lines = [
        "# One step on emulated Cortex-M cores",
        "",
        f"`{found['command']}`; {found['date']}; laconic {found['laconic']}; "
        f"{', '.join(f'{name} {value}' for name, value in found['machine'].items())}.",
        "",
        f"LSTM {FEATURES} -> {UNITS}, {STEPS} steps, a linear layer of {OUTPUTS}. Instructions a step, the linear "
        "layer and the call included, as QEMU counts them: cycles are more. Bytes of weights (biases included), of "
        "code with tables and start-up, of state with work space; largest difference from the reference.",
        "",
        "| network | numbers | core | instructions a step | weights | code | state | difference |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in found["rows"]:
        name, title = one["network"].removeprefix("laconic, "), TARGETS[one["board"]].title
        lines.append(f"| {name} | {one['numbers']} | {title} | "
                     f"{one['instructions']:,.0f} | {one['weights']:,} | {one['code']:,} | {one['state']:,} | "
                     f"{one['difference']:.0e} |")  # fmt: skip
    return "\n".join([*lines, "", "Goals, papers' shapes:", "", *goals(found["rows"]), ""])


def goals(rows: list[dict[str, Any]]) -> list[str]:
    said = []
    for (numbers, board), most in GOALS.items():
        got = next(
            r["instructions"] for r in rows if (r["network"], r["numbers"], r["board"]) == (PAPERS, numbers, board)
        )
        said.append(f"- {numbers} on {board}: {got:,.0f}, at most {most:,}: {'met' if got <= most else 'not met'}.")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description="Count instructions on emulated boards.")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    x = np.random.default_rng(0).standard_normal((4, STEPS, FEATURES)).astype(np.float32)
    rows = [row(key, graph, board, x) for key, graph in graphs(x).items() for board in BOARDS]
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    command = "python benchmarks/deploy_boards.py"
    found = {"laconic": laconic.__version__, "date": date, "command": command, "machine": machine() | versions(),
             "rows": rows}  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "deploy_boards.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (options.out / "deploy_boards.md").write_text(page(found), "utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
