"""Compress a PyTorch model in place: its weights become structures of few parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from laconic.core.arrays import to_numpy
from laconic.core.checks import ParameterError, check_choice, check_finite
from laconic.core.units import parse_bytes
from laconic.rnn.account import Account, KeptLayer, LayerAccount
from laconic.rnn.anatomy import WeightGroup
from laconic.rnn.count import Footprint, count_macs, count_plain_macs, footprint, own_parts
from laconic.rnn.methods import METHODS
from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import Method, OutOfBudgetError, Plan
from laconic.rnn.reparametrise import StructuredParameter, merge_biases, merged_bias, reparametrise
from laconic.rnn.survey import Survey, refuse, survey
from laconic.rnn.target import Target, matrix_targets
from laconic.structured import StructuredMatrix, nearest
from laconic.structured.nearest import moved


def compress(
    model: nn.Module,
    method: str = "kronecker",
    *,
    budget: str | int | None = None,
    shapes: Any = "auto",
    layers: Sequence[str] | str | None = None,
    layout: str = "joint",
    init: str = "nearest",
    random_state: int | np.random.Generator | None = None,
) -> Account:
    """Say the weights of a model with fewer parameters, in place.

    Every LSTM, GRU, RNN, FastRNN, FastGRNN and Linear layer keeps its place, its kind and its forward; its matrices
    are formed from a few parameters once a call, so that it trains at the speed of the fused kernels. Make the
    optimizer after this call: the parameters are new ones.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place, or left as it was if an error is raised.
    method : {"kronecker", "hybrid", "lowrank", "pruned", "small", "dense"}
        What the matrices become; "dense" leaves them, merges the bias vectors (see Notes) and counts by the same rules.
    budget : str or int, optional
        Most bytes for the whole model, such as "4KB" (1 KB = 1024 B): its parameters at their itemsize, the layers that
        are kept among them. Without it the kronecker method takes the size of the papers' rule,
        the others the same number of parameters (hybrid: a tenth of the layer).
    shapes : "auto", "paper", or ((m1, n1), (m2, n2)), for method "kronecker"
        "paper" is the papers' rule; "auto" is the largest rank that fits the budget, then the most parameters.
    layers : list of str, "all", or None
        Names of submodules or patterns such as "encoder.*". None takes all but the last Linear layer, the classifier.
    layout : {"joint", "separate"}
        Whether input and state weights of a gate are one matrix [W U], as in the papers, or one each.
    init : {"nearest", "random"}
        Start from the structure nearest to the present weights (for a trained model: fine-tune then), or from random
        parameters that give the present weights' deviation (to train from scratch).
    random_state : int, numpy.random.Generator or None
        For init="random".

    Returns
    -------
    Account
        What each layer was and is: bytes, factor, largest rank, multiply-adds; and which layers were kept, and why.

    Raises
    ------
    ParameterError
        If a parameter is not as above, the budget cannot be kept, or a layer asked for cannot be compressed.
    DataError
        If a weight is NaN or infinite.

    Notes
    -----
    LSTM, GRU and RNN layers of torch have two bias vectors, of which one is needed: the second is added into the first
    and stays zero. For the GRU's candidate gate, where it is multiplied by the reset gate, half of it is added.

    A pruned model comes out with its final mask; `anneal` moves the mask during training (RNNClassifier does so).

    References
    ----------
    arXiv:1906.02876 (Kronecker), arXiv:1910.02558 (hybrid), arXiv:1710.01878 (gradual pruning).

    Examples
    --------
    >>> import torch
    >>> from laconic.rnn import compress
    >>> model = torch.nn.LSTM(28, 40, batch_first=True)
    >>> account = compress(model, shapes="paper")
    >>> f"{account.layer_factor:.2f}"
    '17.58'
    """
    chosen = _method(method, shapes)
    check_choice("compress", "layout", layout, ("joint", "separate"))
    check_choice("compress", "init", init, ("nearest", "random"))
    rng = _generator(random_state) if init == "random" else None
    found = survey(model, layers)
    refusals = {t.layer: reason for t in matrix_targets(found, layout) if (reason := chosen.refusal(t.size))}
    found = refuse(found, refusals, layers)
    targets = matrix_targets(found, layout)
    plans = _plans(chosen, targets, found, budget)
    changes = [_prepared(target, plan, rng) for target, plan in zip(targets, plans, strict=True)]
    before = {name: _before(module, groups) for name, (module, groups) in found.chosen.items()}
    for change in changes:
        _apply(change)
    return _account(method, found, before, changes)


def _method(method: str, shapes: Any) -> Method:
    check_choice("compress", "method", method, METHODS)
    if method == Kronecker.name:
        return Kronecker(shapes)
    if not isinstance(shapes, str) or shapes != "auto":
        raise ParameterError("compress", "shapes", f"'auto' for method {method!r}", shapes)
    return METHODS[method]()


def _generator(random_state: int | np.random.Generator | None) -> np.random.Generator:
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError):
        allowed = "None, a whole number of at least 0 or a numpy.random.Generator"
        raise ParameterError("compress", "random_state", allowed, random_state) from None


# The budget -------------------------------------------------------------------------------------------------------


def _plans(method: Method, targets: list[Target], found: Survey, budget: str | int | None) -> list[Plan]:
    """Share the budget, less what is not of the targets' matrices and biases, out among the targets."""
    sizes = [target.size for target in targets]
    if budget is None:
        return method.plan(sizes, None)
    itemsize = max(target.weights[0].element_size() for target in targets)
    fixed = _fixed_bytes(targets, found)
    allowed = parse_bytes(budget, owner="compress", parameter="budget")
    try:
        return method.plan(sizes, (allowed - fixed) // itemsize)
    except OutOfBudgetError as error:
        least = fixed + ((allowed - fixed) // itemsize + error.missing) * itemsize
        words = f"at least {least} bytes for {method.title}"
        words += f", {fixed} of which are parameters that stay as they are"
        raise ParameterError("compress", "budget", words, budget) from None


def _fixed_bytes(targets: list[Target], found: Survey) -> int:
    """Bytes of all that is neither a target's matrix nor a bias that belongs to it."""
    counted: set[int] = set()
    fixed = sum(_before(module, groups, counted).bytes for module, groups in found.chosen.values())
    fixed += sum(footprint(own_parts(module), counted).bytes for module, _ in found.kept.values())
    return fixed - sum((t.size.n_entries + t.size.n_bias) * t.weights[0].element_size() for t in targets)


# The change -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Change:
    """What a target will become: everything is made before anything in the model changes."""

    target: Target
    plan: Plan
    """Made of its numbers, no longer of templates."""
    parameters: dict[str, StructuredParameter]


def _prepared(target: Target, plan: Plan, rng: np.random.Generator | None) -> _Change:
    """Make the planned structures that will take the place of a target's weights and biases."""
    matrix = torch.cat([weight.detach() for weight in target.weights], dim=1)
    shapes = {name: tuple(w.shape) for name, w in zip(target.names, target.weights, strict=True)}
    check_finite("compress", f"{target.size.layer}: {' and '.join(shapes)}", to_numpy(matrix))
    structure = _start(plan.matrix, matrix, rng)
    parameters = {target.key: plan.parameter(structure, shapes)}
    if plan.bias is not None:
        parameters |= _bias_parameters(target, plan.bias)
    trained = any(weight.requires_grad for weight in target.weights)
    for parameter in parameters.values():
        parameter.requires_grad_(trained)
    return _Change(target, replace(plan, matrix=structure), parameters)


def _bias_parameters(target: Target, template: StructuredMatrix) -> dict[str, StructuredParameter]:
    """Return the structures that stand for the bias vectors, each block of the template for one."""
    found = {}
    for i, (name, vector) in enumerate(_biases(target).items()):
        part = template if len(target.kept_biases) == 1 else template.parts[f"block_{i}"]
        structure = nearest(vector[:, None], part)
        found[f"{target.key}_{name}"] = StructuredParameter(structure, {name: (len(vector),)})
    return found


def _biases(target: Target) -> dict[str, torch.Tensor]:
    """The bias vectors that will remain, merged."""
    vectors = [target.module.get_parameter(name).detach() for name in target.bias_names]
    if target.merged:
        vectors = [merged_bias(vectors[0], vectors[1], target.merged)]
    return dict(zip(target.kept_biases, vectors, strict=True))


def _start(template: StructuredMatrix, matrix: torch.Tensor, rng: np.random.Generator | None) -> StructuredMatrix:
    """Return the structure to start from: the nearest to the matrix, or a random one of its deviation."""
    if rng is None:
        return nearest(matrix, template)
    return moved(template.random(rng, float(matrix.double().square().mean().sqrt())), matrix)


def _apply(change: _Change) -> None:
    """Put the structures in the place of a target's weights and biases."""
    target = change.target
    if target.merged:
        first, second = target.bias_names
        merge_biases(target.module, first, second, target.merged)
    for key, parameter in change.parameters.items():
        reparametrise(target.module, key, parameter)


# The account ------------------------------------------------------------------------------------------------------


def _account(method: str, found: Survey, before: dict[str, Footprint], changes: list[_Change]) -> Account:
    layers, counted = [], set[int]()
    for name, (module, _) in found.chosen.items():
        mine = [change for change in changes if change.target.module is module]
        after = footprint(own_parts(module), counted)
        layers.append(_layer_account(name, module, method, (before[name], after), mine))
    kept = tuple(_kept_layer(name, module, reason, counted) for name, (module, reason) in found.kept.items())
    return Account(method, tuple(layers), kept)


def _layer_account(
    name: str, module: nn.Module, method: str, sizes: tuple[Footprint, Footprint], changes: list[_Change]
) -> LayerAccount:
    before, after = sizes
    plain = count_plain_macs(module)
    return LayerAccount(
        name=name,
        kind=type(module).__name__,
        method=method,
        structure="; ".join(dict.fromkeys(change.plan.matrix.formula for change in changes)),
        parameters_before=before.parameters,
        parameters_after=after.parameters,
        bytes_before=before.bytes,
        bytes_after=after.bytes,
        max_rank=min(map(_rank, changes)),
        macs_before=plain + sum(change.target.size.n_entries for change in changes),
        macs_after=plain + sum(_macs(change) for change in changes),
        note="; ".join(dict.fromkeys(change.plan.note for change in changes if change.plan.note)),
    )


def _rank(change: _Change) -> int:
    """Largest rank of a gate."""
    matrix = change.plan.matrix
    blocks = [part for part in matrix.parts.values() if isinstance(part, StructuredMatrix)]
    return min(*change.target.size.gate, *(part.max_rank for part in blocks or [matrix]))


def _macs(change: _Change) -> int:
    matrix, target = change.plan.matrix, change.target
    return matrix.n_macs + matrix.n_macs_apart * target.n_gates_apart // target.size.n_gates


def _kept_layer(name: str, module: nn.Module, reason: str, counted: set[int]) -> KeptLayer:
    size = footprint(own_parts(module), counted)
    return KeptLayer(name, type(module).__name__, reason, size.parameters, size.bytes, count_macs(module))


def _before(module: nn.Module, groups: list[WeightGroup], counted: set[int] | None = None) -> Footprint:
    """What a layer holds before it is compressed."""
    return footprint(own_parts(module), set() if counted is None else counted)
