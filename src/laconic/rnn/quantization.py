"""A network that computes with the 8-bit weights and biases that `laconic.deploy.quantize` would give it.

The rounded numbers take the place of a model's own for a while, then those come back. Gradients found in between are
those with respect to the rounded numbers, and an optimiser applies them to the model's own: the straight-through
estimator (arXiv:1308.3432), for every structure and cell alike. The rule of rounding is that of the deployment
(`laconic.core.rounding`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from laconic.core.rounding import DRIVEN_BITS, rounded_bias, rounded_weight
from laconic.rnn.anatomy import CannotCompressError, WeightGroup, weight_groups
from laconic.rnn.reparametrise import Reparametrised, StructuredParameter

Change = tuple[Tensor, Tensor]
"""Numbers of a model, to be written to in place, and what they become."""


@contextmanager
def quantized(model: nn.Module) -> Iterator[None]:
    """Let a model hold rounded weights and biases inside a ``with`` block, and its own again after it.

    For a training loop of one's own: find the gradients inside, take the optimiser's step outside, and call
    `round_weights` at the end. `RNNClassifier(quantization=...)` does all this.

    Parameters
    ----------
    model : torch.nn.Module
        Compressed or not. Layers that `laconic.rnn.compress` knows are rounded, others are left alone.

    Examples
    --------
    >>> import torch
    >>> from laconic.rnn import quantized
    >>> layer = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    >>> with quantized(layer):
    ...     layer(torch.ones(1, 2)).sum().backward()
    >>> _ = optimizer.step()
    """
    changes = _changes(model)
    own = [numbers.clone() for numbers, _ in changes]
    _write(changes)
    try:
        yield
    finally:
        _write([(numbers, before) for (numbers, _), before in zip(changes, own, strict=True)])


def round_weights(model: nn.Module) -> None:
    """Round a model's weights and biases for good: `quantize` with 8-bit biases then gives exactly these.

    Of two bias vectors that a layer adds, the second becomes zero.
    """
    _write(_changes(model))


@torch.no_grad()
def _write(changes: Sequence[Change]) -> None:
    for numbers, value in changes:
        numbers.copy_(value)


@torch.no_grad()
def _changes(model: nn.Module) -> list[Change]:
    """Return every number of a model that is rounded, with its new value."""
    return [change for module in model.modules() for change in _of_layer(module)]


def _of_layer(module: nn.Module) -> Iterator[Change]:
    try:
        groups = weight_groups(module)
    except CannotCompressError:
        return
    held = _structured(module)
    for group in groups:
        for parameter in {id(held[name]): held[name] for name in group.weights if name in held}.values():
            yield from _of_structure(parameter, group.n_gates)
        for name in group.weights:
            if name not in held:
                yield from _by_gate(module.get_parameter(name).detach(), group.n_gates)
        yield from _of_biases(group, [_blocks(module, held, name, group) for name in group.biases])


def _structured(module: nn.Module) -> dict[str, StructuredParameter]:
    """Return what stands for each weight of a module that is formed."""
    if not isinstance(module, Reparametrised):
        return {}
    parameters = [p for p in module.compressed.children() if isinstance(p, StructuredParameter)]
    return {name: parameter for parameter in parameters for name in parameter.weights}


def _of_structure(parameter: StructuredParameter, n_gates: int) -> Iterator[Change]:
    """Round each array of a structure, of a masked one what the mask shows; gate by gate where it has all rows."""
    masks = {name.removesuffix("mask") + "values": mask for name, mask in parameter.named_buffers()}
    n_rows = parameter.structure.shape[0]
    for name, numbers in parameter.named_parameters():
        yield from _by_gate(numbers.detach(), n_gates if len(numbers) == n_rows else 1, masks.get(name))


def _by_gate(matrix: Tensor, n_gates: int, mask: Tensor | None = None) -> Iterator[Change]:
    masks = [None] * n_gates if mask is None else mask.chunk(n_gates)
    for part, shown in zip(matrix.chunk(n_gates), masks, strict=True):
        yield part, _dequantized(part, shown)


def _dequantized(matrix: Tensor, mask: Tensor | None = None) -> Tensor:
    shown = matrix if mask is None else torch.where(mask, matrix, 0)
    whole, unit = rounded_weight(shown, None if mask is None else int(mask.sum(dim=1).max()))
    return whole * unit if mask is None else torch.where(mask, whole * unit, matrix.double())


# Biases -----------------------------------------------------------------------------------------------------------

Blocks = list[Tensor]
"""A bias vector, gate by gate."""


def _blocks(module: nn.Module, held: Mapping[str, StructuredParameter], name: str, group: WeightGroup) -> Blocks:
    """Return views of a bias vector's gates; none where it is held at zero."""
    if name in held:
        return [numbers.detach() for numbers in held[name].parameters()]
    vector = module._parameters.get(name)
    if vector is None:
        return []
    n_gates = group.n_gates if group.merged else 1
    return list(vector.detach().chunk(n_gates))


def _of_biases(group: WeightGroup, vectors: list[Blocks]) -> Iterator[Change]:
    if group.merged:
        yield from _merged(group.merged, *vectors)
    elif vectors:
        yield from _side_by_side(vectors)


def _merged(shares: tuple[float, ...], first: Blocks, second: Blocks) -> Iterator[Change]:
    """Round the sum of two bias vectors, but for gates to whose sum the second comes with another factor than one."""
    if not second:
        yield from ((block, _rounded(block)) for block in first)
        return
    for share, one, other in zip(shares, first, second, strict=True):
        added = share == 1
        yield one, _rounded(one + other if added else one)
        yield other, torch.zeros_like(other) if added else _rounded(other)


def _side_by_side(vectors: list[Blocks]) -> Iterator[Change]:
    """Round the first bias vector, and how far others are from it: a FastGRNN's gate and candidate share a product."""
    (first,), *others = vectors
    base = _rounded(first)
    yield first, base
    for (other,) in others:
        yield other, base + _rounded(other - base)


def _rounded(block: Tensor) -> Tensor:
    whole, shift = rounded_bias(block)
    value: Tensor = whole * 2.0 ** (shift - DRIVEN_BITS)
    return value
