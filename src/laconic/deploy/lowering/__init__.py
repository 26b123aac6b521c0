"""From a PyTorch model to a graph: the only room here that sees torch."""

from typing import Any

import numpy as np
from torch import nn

from laconic.core.checks import ParameterError
from laconic.deploy.graph import Graph
from laconic.deploy.layers import Layer, Rescale
from laconic.deploy.lowering.modules import layers_of
from laconic.deploy.lowering.refusal import KNOWN
from laconic.rnn.classifier import RNNClassifier


def lower(model: Any) -> Graph:
    """Return a trained model as a graph, which needs no PyTorch.

    Parameters
    ----------
    model : RNNClassifier or torch.nn.Module
        A fitted classifier, a `SequenceNetwork`, one of torch's recurrent layers, or a module whose forward passes one
        input, batch first, through recurrent layers, picks the last step or the final state, and goes on through
        Linear, ReLU and Softmax; compressed or not. Dropout is left out, as in evaluation.

    Returns
    -------
    Graph
        Of the model's weights in their own precision; it gives logits where the model does. A classifier's graph knows
        its classes, and rescales features as the classifier does.

    Raises
    ------
    ParameterError
        If a part of the model cannot be lowered; it is named.
    DataError
        If a weight is NaN or infinite.

    Examples
    --------
    >>> import torch
    >>> from laconic.deploy import lower
    >>> from laconic.rnn.network import SequenceNetwork
    >>> graph = lower(SequenceNetwork(n_features=3, n_classes=5, hidden_size=8))
    >>> graph.widths
    (3, 8, 8, 5)
    """
    if isinstance(model, RNNClassifier):
        return _classifier(model)
    if not isinstance(model, nn.Module):
        raise ParameterError("lower", "model", "an RNNClassifier or a torch.nn.Module", type(model).__name__)
    layers = layers_of(model, "")
    first = next((layer.n_inputs for layer in layers if layer.n_inputs is not None), None)
    if first is None:
        raise ParameterError("lower", "model", f"a model of {KNOWN} with a weight", type(model).__name__)
    return Graph(tuple(layers), first)


def _classifier(model: RNNClassifier) -> Graph:
    if not hasattr(model, "classes_"):
        raise ParameterError("lower", "model", "a fitted RNNClassifier", model)
    graph = lower(model.module_)
    mean, scale = np.asarray(model.mean_), np.asarray(model.scale_)
    neutral = not mean.any() and bool((scale == 1).all())
    first: tuple[Layer, ...] = () if neutral else (Rescale("rescale", mean, scale),)
    return Graph((*first, *graph.layers), graph.n_features, tuple(model.classes_.tolist()))
