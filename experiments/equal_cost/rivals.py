"""Rivals of a compressed network on a device: as many bytes as it has, and as many instructions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch

from laconic.core.checks import ParameterError
from laconic.deploy import cost, lower, quantize, run_firmware, write_firmware
from laconic.rnn import compress
from laconic.rnn.network import SequenceNetwork
from laconic.rnn.study import Candidate, Study, candidates

BOARD = "cortex-m4"


@dataclass(frozen=True)
class Task:
    """A benchmark's study, and the sizes of its data."""

    study: Study
    steps: int
    features: int
    classes: int


@dataclass(frozen=True)
class Rival:
    """A network to train, how it was chosen, and what it takes, untrained, on a Cortex-M4 with 8-bit weights."""

    chosen: str
    candidate: Candidate
    instructions: float
    weights: int


def rivals(task: Task, reference: str, width: int, folder: str) -> list[Rival]:
    """Return the reference, then dense and low-rank networks of its bytes, then of its instructions."""
    own = _found(task, reference)
    most = measured(task, own, folder)[0]
    chosen = {
        "the reference": own,
        "dense, as many bytes": _found(task, "small"),
        "low rank, as many bytes": _found(task, f"lowrank-{width}"),
        "dense, as many instructions": _widest(task, most, folder),
        "low rank, as many instructions": _highest(task, width, most, folder),
    }
    return [Rival(words, one, *measured(task, one, folder)) for words, one in chosen.items()]


def _found(task: Task, name: str, budget: int | None = None) -> Candidate:
    study = replace(task.study, methods=(name,), budget=budget or task.study.budget)
    found, errors = candidates(study, task.features, task.classes)
    if errors:
        raise ParameterError("equal_cost", "reference", "a contender that keeps the budget", errors)
    return found[1]


def _widest(task: Task, most: float, folder: str) -> Candidate:
    """Return the widest dense network that takes no more instructions."""

    def dense(hidden: int) -> Candidate:
        found, _ = candidates(replace(task.study, hidden=hidden, methods=()), task.features, task.classes)
        return replace(found[0], name=f"dense-{hidden}", method="small")

    return dense(_largest(lambda hidden: measured(task, dense(hidden), folder)[0] <= most, task.study.hidden))


def _highest(task: Task, width: int, most: float, folder: str) -> Candidate:
    """Return the low-rank network of the highest rank that takes no more instructions."""
    first = _found(task, f"lowrank-{width}")
    lowest = first.account.max_rank
    gates = {"lstm": 4, "gru": 3}.get(task.study.cell, 1)
    rows, columns = gates * width, task.features + width
    of_a_rank = 4 * (rows + columns)

    def ranked(rank: int) -> Candidate:
        budget = first.account.bytes_after + (rank - lowest) * of_a_rank
        return replace(_found(task, f"lowrank-{width}", budget), name=f"lowrank-{width}-{rank}")

    def fits(rank: int) -> bool:
        return measured(task, ranked(rank), folder)[0] <= most

    return ranked(_largest(fits, rows * columns // (rows + columns)))


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """Return the largest number up to `most` that fits, by halving; 1 where none does."""
    low, high = 1, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def measured(task: Task, candidate: Candidate, folder: str) -> tuple[float, int]:
    """Return instructions a step and bytes of weights of an untrained network: they depend on little but its sizes."""
    return _measured(task.study.cell, candidate.hidden, candidate.method, candidate.account.bytes_after,
                     str(candidate.shapes), (task.steps, task.features, task.classes), folder)  # fmt: skip


@cache
def _measured(
    cell: str, hidden: int, method: str, budget: int, shapes: str, sizes: tuple[int, int, int], folder: str
) -> tuple[float, int]:
    steps, features, classes = sizes
    torch.manual_seed(0)
    network = SequenceNetwork(features, classes, cell, hidden)
    if method != "small":
        compress(network, method, budget=budget, shapes=shapes, layers=["rnn"], init="random", random_state=0)
    x = np.random.default_rng(0).standard_normal((8, steps, features)).astype(np.float32)
    graph = quantize(lower(network.eval()), x)
    write_firmware(graph, folder, target=BOARD)
    run = run_firmware(graph, folder, x[:1], target=BOARD)
    return float(run.instructions[0] / steps), cost(graph).weight_bytes
