"""What tests of graphs in files share."""

import numpy as np
import pytest

from laconic.core.checks import DataError
from laconic.deploy import Graph, load_graph, save_graph
from laconic.deploy.layers import LastStep, Linear
from laconic.structured import DenseMatrix


def linear(matrix, name="linear"):
    return Linear(name, matrix, np.arange(matrix.shape[0]).astype(matrix.dtype))


def small():
    """A graph of few bytes."""
    return Graph((linear(DenseMatrix(np.array([[1.5, -2.0]], np.float32))), LastStep("last")), 2, ("a",))


def refused(data, path, words=None):
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        load_graph(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 2000


def saved(graph, path):
    save_graph(graph, path)
    return path.read_bytes()
