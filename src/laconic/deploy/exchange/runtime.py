"""An ONNX file run here."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.deploy.graph import checked_sequences

Array = NDArray[Any]


def run_onnx(path: str | Path, x: Array) -> Array:
    """Return what a file of `to_onnx` answers in ONNX Runtime, on this machine's processor, by one thread.

    Parameters
    ----------
    path : path
    x : array-like (n, steps, n_features)

    Returns
    -------
    ndarray (n, n_outputs) or (n, steps, n_outputs), float32

    Raises
    ------
    ImportError
        If onnxruntime is not installed.
    DataError
        If x has another shape, no step, or holds NaN or infinity.
    """
    opened = session(path)
    (taken,) = opened.get_inputs()
    sequences = checked_sequences("run_onnx", x, taken.shape[2]).astype(np.float32)
    given = opened.get_outputs()[0].shape
    found = np.zeros((0, *sequences.shape[1 : len(given) - 1], given[-1]), np.float32)
    if len(sequences):  # none end the process in ONNX Runtime's own LSTM
        (found,) = opened.run(None, {taken.name: sequences})
    return found


def session(path: str | Path) -> Any:
    """Return a file opened by ONNX Runtime, as `run_onnx` does."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(f"run_onnx needs ONNX Runtime ({error}): pip install 'laconic[onnx]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
