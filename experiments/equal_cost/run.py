"""Accuracy at equal bytes and at equal instructions: a compressed network beside smaller dense and low-rank ones.

    python experiments/equal_cost/run.py --data FOLDER

The reference is a Kronecker network of its benchmark; low-rank rivals have the width given with it.
Widths of dense ones and ranks are the largest with which they take no more bytes in floats, or no more instructions
with 8-bit weights on an emulated Cortex-M4 (needs arm-none-eabi-gcc and qemu-system-arm), before they are trained. All
are trained by the benchmark's recipe, quantised after it (16-bit biases), answered on all test sequences and counted
again. Writes results.json and results.md.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from rivals import BOARD, Rival, Task, rivals

import laconic
from laconic.cli.benchmarks import BENCHMARKS
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json
from laconic.datasets.known import load_known
from laconic.deploy import cost, lower, quantize, run_firmware, write_firmware
from laconic.rnn import RNNClassifier
from laconic.rnn.study import Study, make_classifier

REFERENCES = {"usps-fastrnn": ("kronecker-20", 20), "spoken-lstm": ("kronecker", 60)}
"""By benchmark the reference, and the units of its low-rank rivals: its own, or what did best on held-out data."""

CALIBRATION = 512


def trained(name: str, folder: Path, rival: Rival, seed: int, epochs: int, work: Path) -> dict[str, Any]:
    """Train a network, or take it from an earlier run; return its accuracies."""
    import torch

    torch.set_num_threads(1)
    benchmark = BENCHMARKS[name]
    data = load_known(benchmark.data, folder)
    study = Study(**benchmark.study | {"epochs": epochs, "seed": seed, "methods": ()})
    model = work / f"{name}-{rival.candidate.name}-{epochs}-{seed}.safetensors"
    if not model.exists():
        classifier = make_classifier(study, rival.candidate)
        classifier.fit(data.x_train, data.y_train)
        classifier.save(model)
    graph = lower(RNNClassifier.load(model))
    calibration = data.x_train[np.random.default_rng(0).permutation(len(data.x_train))[:CALIBRATION]]
    whole = quantize(graph, calibration)
    answers = {"floats": graph.interpret(data.x_test), "whole": whole.interpret(data.x_test)}
    classes = np.asarray(graph.classes)
    right = {key: float(np.mean(classes[found.argmax(axis=1)] == data.y_test)) for key, found in answers.items()}
    with tempfile.TemporaryDirectory() as place:
        write_firmware(whole, place, target=BOARD)
        run = run_firmware(whole, place, data.x_test[:4], target=BOARD)
    steps = data.x_test.shape[1]
    return right | {"instructions": float(run.instructions.mean()) / steps, "weights": cost(whole).weight_bytes}


def compared(name: str, options: argparse.Namespace) -> dict[str, Any]:
    benchmark = BENCHMARKS[name]
    study = Study(**benchmark.study | {"methods": ()})
    data = load_known(benchmark.data, options.data)
    task = Task(study, data.x_train.shape[1], data.x_train.shape[2], len(np.unique(data.y_train)))
    epochs = options.epochs or study.epochs
    with tempfile.TemporaryDirectory() as place:
        found = rivals(task, *REFERENCES[name], place)
    jobs = [(rival, seed) for seed in options.seeds for rival in found]
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        waiting = [pool.submit(trained, name, options.data, rival, seed, epochs, options.work) for rival, seed in jobs]
        answers = [one.result() for one in waiting]
    rows = [row(rival, [a for (r, _), a in zip(jobs, answers, strict=True) if r is rival]) for rival in found]
    return {"benchmark": name, "title": benchmark.title, "epochs": epochs, "rows": rows}


def row(rival: Rival, answers: list[dict[str, float]]) -> dict[str, Any]:
    return {"chosen": rival.chosen, "network": rival.candidate.name, "units": rival.candidate.hidden,
            "structure": rival.candidate.account[0].structure,
            **{key: mean(one[key] for one in answers) for key in ("weights", "instructions")},
            **{key: [one[key] for one in answers] for key in ("floats", "whole")}}  # fmt: skip


def page(found: dict[str, Any]) -> str:
    lines = ["# Accuracy at equal bytes and at equal instructions", "",
             f"`{found['command']}`; {found['date']}; laconic {found['laconic']}; "
             f"{', '.join(f'{name} {value}' for name, value in found['machine'].items())}.", "",
             "Test accuracy, mean and deviation over seeds " + ", ".join(map(str, found["seeds"])) + ". Weights and "
             "instructions are those of 8-bit weights with 16-bit biases on an emulated Cortex-M4; instructions are "
             "not cycles. Equal bytes means equal in floats.", ""]  # fmt: skip
    for one in found["benchmarks"]:
        lines += [f"## {one['title']}, {one['epochs']} epochs", "",
                  "| chosen | network | weights B | instructions a step | float % | 8-bit % | of each seed |",
                  "| --- | --- | ---: | ---: | ---: | ---: | ---: |", *map(line, one["rows"]), ""]  # fmt: skip
    return "\n".join(lines)


def summed_up(values: list[float]) -> str:
    return f"{100 * mean(values):.2f} ± {100 * stdev(values) if len(values) > 1 else 0:.2f}"


def line(one: dict[str, Any]) -> str:
    said = [summed_up(one[key]) for key in ("floats", "whole")]
    each = ", ".join(f"{100 * value:.2f}" for value in one["whole"])
    structure = one["structure"] if "units" in one["structure"] else f"{one['units']} units, {one['structure']}"
    return (f"| {one['chosen']} | {structure} | {one['weights']:,.0f} | {one['instructions']:,.0f} | "
            f"{said[0]} | {said[1]} | {each} |")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare at equal bytes and at equal instructions.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data")
    parser.add_argument("--benchmarks", default=",".join(REFERENCES))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epochs", type=int, help="in place of the benchmark's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=Path, default=Path("equal_cost_runs"), help="folder of the trained models")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    options.seeds = [int(seed) for seed in options.seeds.split(",")]
    options.work.mkdir(parents=True, exist_ok=True)
    command = f"python experiments/equal_cost/run.py --data FOLDER --seeds {','.join(map(str, options.seeds))}"
    found = {"laconic": laconic.__version__, "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
             "command": command, "machine": machine(), "seeds": options.seeds,
             "benchmarks": [compared(name, options) for name in options.benchmarks.split(",")]}  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "results.json", found)
    atomic_write_text(options.out / "results.md", page(found))
    print(page(found))


if __name__ == "__main__":
    main()
