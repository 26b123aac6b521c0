"""Build what was written for a target and run it: here, or on an emulated board."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError
from laconic.deploy.cost import cost
from laconic.deploy.graph import Graph
from laconic.deploy.integer.graph import IntGraph
from laconic.deploy.targets import TARGETS, Target

Array = NDArray[Any]

SEMIHOSTING = ("-monitor", "none", "-serial", "none", "-nographic", "-semihosting-config", "enable=on,target=native")
COUNTING = ("-icount", "shift=0,sleep=off")
_FAULTS = {2: "its files cannot be opened", 3: "the sequences are longer than it was built for", 99: "it faulted"}


class ToolMissingError(OSError):
    """A compiler or an emulator that is not installed; the message says which, and how to get it."""


class ProgramError(OSError):
    """A build that failed, or a program that did not end well; the message has its words."""


@dataclass(frozen=True)
class Run:
    """What a program gave and took.

    Attributes
    ----------
    answers : ndarray (n, n_outputs), float32
    instructions : ndarray (n,) or None
        Of each sequence, as QEMU counts them (not cycles), to the resolution of the core's timer; None where there is
        no such timer.
    flash_bytes, ram_bytes : int
        Of the whole program: code, tables and weights; data, without the stack. The program keeps a sequence.
    code_bytes : int
        Of the flash, what is no weight.
    """

    answers: Array
    instructions: Array | None
    flash_bytes: int
    ram_bytes: int
    code_bytes: int


def run_firmware(
    graph: Graph | IntGraph, folder: str | Path, x: Array, *, name: str = "model", target: str = "host"
) -> Run:
    """Build the files that `write_firmware` wrote and run them over sequences.

    Parameters
    ----------
    graph : Graph or IntGraph
        That the files were written from.
    folder : path
    x : array-like (n, steps, n_features)
    name, target : str
        As in `write_firmware`.

    Raises
    ------
    ToolMissingError
        If make, the compiler or the emulator is not installed.
    ProgramError
        If the build fails or the program does not end well.
    DataError
        If x cannot be read.
    """
    sequences = graph.words(x, "run_firmware")
    place, chosen, costs = Path(folder), TARGETS[target], cost(graph)
    check_tools(chosen)
    steps = sequences.shape[1]
    memory = max(1, costs.memory_bytes_per_step // sequences.itemsize * steps)
    _call(place, "make", "-s", "-B", f"{name}.elf", f"SEQUENCE={steps * graph.n_features}", f"MEMORY={memory}")
    (place / "laconic_input.bin").write_bytes(np.array(sequences.shape[:2], "<u4").tobytes() + sequences.tobytes())
    _call(place, *_command(chosen, name))
    ticks, numbers = _read(place / "laconic_output.bin", len(sequences), graph.n_outputs)
    flash, ram = _sizes(place, chosen, f"{name}.elf")
    counted = ticks * chosen.instructions_per_tick if chosen.instructions_per_tick else None
    return Run(graph.answers(numbers), counted, flash, ram, flash - costs.weight_bytes)


def check_tools(target: Target) -> None:
    """Raise `ToolMissingError` unless what builds and runs programs for a target is installed."""
    tools = ("make", target.compiler, *((target.emulator,) if target.emulator else ()))
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        hint = f"apt install {target.packages} make, or the like"
        raise ToolMissingError(f"{target.name}: {' and '.join(missing)} not found ({hint})")


def _command(target: Target, name: str) -> tuple[str, ...]:
    if not target.is_board:
        return (*((target.emulator,) if target.emulator else ()), f"./{name}.elf")
    return (target.emulator, "-machine", target.machine, *SEMIHOSTING, *COUNTING, "-kernel", f"{name}.elf")


def _call(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[-2000:] or _FAULTS.get(done.returncode, "no word")
        raise ProgramError(f"{' '.join(command[:2])} ended with {done.returncode}: {words}")


def _read(path: Path, n: int, n_outputs: int) -> tuple[Array, Array]:
    """Return ticks (n,) and answers (n, n_outputs), as 32 bits each, of a program's output."""
    words = np.fromfile(path, "<u4")
    if words.size != n * (1 + n_outputs):
        raise DataError(f"{path.name} has {words.size} numbers, {n * (1 + n_outputs)} were expected")
    rows = words.reshape(n, 1 + n_outputs)
    return rows[:, 0].astype(np.int64), rows[:, 1:].copy()


def _sizes(folder: Path, target: Target, file: str) -> tuple[int, int]:
    """Return the bytes of code and constants, and of data, of a program."""
    size = target.compiler.removesuffix("gcc").removesuffix("cc") + "size"
    text = subprocess.run([size, file], cwd=folder, capture_output=True, text=True, check=True).stdout
    code, data, zeroed = map(int, text.splitlines()[1].split()[:3])
    return code + data, data + zeroed
