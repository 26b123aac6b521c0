"""A graph compiled for this machine and called from Python."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import ParameterError
from laconic.deploy.c.templates import runtime
from laconic.deploy.c.write import write_c
from laconic.deploy.graph import Graph
from laconic.deploy.integer.graph import IntGraph

Array = NDArray[Any]

FLAGS = (
    "-std=c99",
    "-O3",
    "-march=native",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
)


class CompiledModel:
    """The C of a graph, built as a shared library and called without Python's lock.

    Parameters
    ----------
    graph : Graph or IntGraph
    compiler : str, optional
        Command of a C compiler that takes gcc's options; the environment's CC by default, else cc, gcc or clang.

    Raises
    ------
    ParameterError
        If there is no compiler, or the graph has no answer a sequence.
    RuntimeError
        If the compiler fails; its words are in the message.
    """

    def __init__(self, graph: Graph | IntGraph, *, compiler: str | None = None) -> None:
        self.graph, self._n_outputs = graph, graph.n_outputs
        with tempfile.TemporaryDirectory(prefix="laconic-") as folder:
            self._library = _loaded(_built(graph, Path(folder), _compiler(compiler)))

    def predict(self, x: Array) -> Array:
        """Return the answers.

        Parameters
        ----------
        x : array-like (n, steps, n_features)

        Returns
        -------
        ndarray (n, n_outputs), float32

        Raises
        ------
        DataError
            If x has another shape, no step, or holds NaN or infinity.
        """
        return self.graph.answers(self.numbers(self.graph.words(x, "CompiledModel.predict")))

    def numbers(self, words: Array) -> Array:
        """Return the answers to sequences of words, as a graph's `words` gives them, as 32 bits each."""
        n, steps = words.shape[:2]
        memory = np.empty(self._library.laconic_memory(steps), words.dtype)
        numbers = np.empty((n, self._n_outputs), np.uint32)
        self._library.laconic_serve(_address(words), n, steps, _address(memory), _address(numbers))
        return numbers


def _address(array: Array) -> int:
    """Return where an array's numbers begin, in a tenth of the time of ``array.ctypes.data``."""
    address: int = array.__array_interface__["data"][0]
    return address


def _compiler(asked: str | None) -> str:
    for command in (asked,) if asked else (os.environ.get("CC"), "cc", "gcc", "clang"):
        if command and shutil.which(command):
            return command
    raise ParameterError("CompiledModel", "compiler", "a C compiler that is installed (gcc, say)", asked)


def _built(graph: Graph | IntGraph, folder: Path, compiler: str) -> Path:
    write_c(graph, folder, name="laconic_model")
    for file in ("laconic_serve.c", "laconic_serve.h"):
        (folder / file).write_text(runtime(file))
    library = folder / "model.so"
    command = [compiler, *FLAGS, "laconic_serve.c", "laconic_model.c", "-o", library.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"CompiledModel: {' '.join(command)} failed: {done.stderr.strip()[-2000:]}")
    return library


def _loaded(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    library.laconic_memory.argtypes, library.laconic_memory.restype = [size], size
    library.laconic_serve.argtypes, library.laconic_serve.restype = [pointer, size, size, pointer, pointer], None
    return library
