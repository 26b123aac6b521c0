"""Compress a PyTorch model in place: its weights become structures of few parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from laconic.core.checks import ParameterError, check_choice
from laconic.core.units import format_bytes, parse_bytes
from laconic.rnn.account import Account, KeptLayer, LayerAccount
from laconic.rnn.anatomy import WeightGroup
from laconic.rnn.count import count_parameters
from laconic.rnn.methods import METHODS
from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import Method, OutOfBudgetError, Plan
from laconic.rnn.reparametrise import StructuredParameter, merge_biases, reparametrise
from laconic.rnn.survey import Survey, survey
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
        What the matrices become; "dense" leaves them and only counts by the same rules.
    budget : str or int, optional
        Most bytes for the whole model, such as "4KB" (1 KB = 1024 B): its parameters at their itemsize, one bias vector
        a gate, the layers that are kept among them. Without it the kronecker method takes the size of the papers' rule,
        the others the same number of parameters (hybrid: a tenth of the layer).
    shapes : "auto", "paper", or ((m1, n1), (m2, n2)), for method "kronecker"
        "paper" is the papers' rule; "auto" is the largest rank that fits the budget.
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
    found = survey(model, layers)
    targets = matrix_targets(found, layout)
    plans = _plans(chosen, targets, found, budget)
    rng = np.random.default_rng(random_state) if init == "random" else None
    before = {name: _parameters(module, groups) for name, (module, groups) in found.chosen.items()}
    applied = [_apply(chosen, target, plan, rng) for target, plan in zip(targets, plans, strict=True)]
    return _account(method, found, before, targets, applied)


def _method(method: str, shapes: Any) -> Method:
    check_choice("compress", "method", method, METHODS)
    if method == Kronecker.name:
        return Kronecker(shapes)
    if shapes != "auto":
        raise ParameterError("compress", "shapes", f"'auto' for method {method!r}", shapes)
    return METHODS[method]()


# The budget -------------------------------------------------------------------------------------------------------


def _plans(method: Method, targets: list[Target], found: Survey, budget: str | int | None) -> list[Plan]:
    """Share the budget, less what is not of the targets' matrices and biases, out among the targets."""
    sizes = [target.size for target in targets]
    if budget is None:
        return method.plan(sizes, None)
    itemsize = next(iter(targets)).weights[0].element_size()
    fixed = sum(_bytes(module) for module, _ in found.kept.values())
    for module, groups in found.chosen.values():
        planned = sum(t.size.n_entries + t.size.n_bias for t in targets if t.module is module)
        fixed += (_parameters(module, groups) - planned) * itemsize
    allowed = parse_bytes(budget, owner="compress", parameter="budget")
    try:
        return method.plan(sizes, (allowed - fixed) // itemsize)
    except OutOfBudgetError as error:
        least = fixed + ((allowed - fixed) // itemsize + error.missing) * itemsize
        words = f"at least {format_bytes(least)} ({least} bytes) for method {method.name!r}"
        raise ParameterError(
            "compress", "budget", f"{words}, {format_bytes(fixed)} of which are layers that stay as they are", budget
        ) from None


# The change -------------------------------------------------------------------------------------------------------


def _apply(method: Method, target: Target, plan: Plan, rng: np.random.Generator | None) -> Plan:
    """Put the planned structures in the place of a target's weights and biases; return the plan with its numbers."""
    if target.merged:
        first, second = target.bias_names
        merge_biases(target.module, first, second, target.merged)
    matrix = torch.cat([weight.detach() for weight in target.weights], dim=1)
    shapes = {name: tuple(w.shape) for name, w in zip(target.names, target.weights, strict=True)}
    structure = _start(plan.matrix, matrix, rng)
    reparametrise(target.module, target.key, method.parameter(structure, shapes))
    if plan.bias is not None:
        _apply_bias(target, plan.bias)
    return Plan(structure, plan.bias, plan.note)


def _apply_bias(target: Target, template: StructuredMatrix) -> None:
    """Let the planned structure stand for the bias vectors, each of its blocks for one."""
    for i, name in enumerate(target.kept_biases):
        vector = target.module.get_parameter(name).detach()
        size = len(vector)
        part = template if len(target.kept_biases) == 1 else template.parts[f"block_{i}"]
        structure = nearest(vector[:, None], part)
        parameter = StructuredParameter(structure, {name: (size,)})
        reparametrise(target.module, f"{target.key}_{name}", parameter)


def _start(template: StructuredMatrix, matrix: torch.Tensor, rng: np.random.Generator | None) -> StructuredMatrix:
    """Return the structure to start from: the nearest to the matrix, or a random one of its deviation."""
    if rng is None:
        return nearest(matrix, template)
    return moved(template.random(rng, float(matrix.square().mean().sqrt())), matrix)


# The account ------------------------------------------------------------------------------------------------------


def _account(method: str, found: Survey, before: dict[str, int], targets: list[Target], plans: list[Plan]) -> Account:
    layers = []
    for name, (module, _) in found.chosen.items():
        mine = [(t, plan) for t, plan in zip(targets, plans, strict=True) if t.module is module]
        layers.append(_layer_account(name, module, method, before[name], mine))
    kept = tuple(_kept_layer(name, module, reason) for name, (module, reason) in found.kept.items())
    return Account(method, tuple(layers), kept)


def _layer_account(
    name: str, module: nn.Module, method: str, before: int, planned: list[tuple[Target, Plan]]
) -> LayerAccount:
    formulas = list(dict.fromkeys(plan.matrix.formula for _, plan in planned))
    itemsize = next(module.parameters()).element_size()
    after = count_parameters(module)
    return LayerAccount(
        name=name,
        kind=type(module).__name__,
        method=method,
        structure="; ".join(formulas),
        parameters_before=before,
        parameters_after=after,
        bytes_before=before * itemsize,
        bytes_after=after * itemsize,
        max_rank=min(_rank(target, plan) for target, plan in planned),
        macs_before=sum(target.size.n_entries for target, _ in planned),
        macs_after=sum(_macs(target, plan) for target, plan in planned),
        note="; ".join(dict.fromkeys(plan.note for _, plan in planned if plan.note)),
    )


def _rank(target: Target, plan: Plan) -> int:
    """Largest rank of a gate where each gate is a structure of its own, else of the whole matrix."""
    blocks = [part for part in plan.matrix.parts.values() if isinstance(part, StructuredMatrix)]
    return min((block.max_rank for block in blocks), default=plan.matrix.max_rank)


def _macs(target: Target, plan: Plan) -> int:
    apart = plan.matrix.n_macs_apart * target.n_gates_apart // target.size.n_gates
    return plan.matrix.n_macs + apart


def _kept_layer(name: str, module: nn.Module, reason: str) -> KeptLayer:
    parameters = count_parameters(module)
    macs = sum(w.numel() for n, w in module._parameters.items() if w is not None and w.dim() == 2 and "weight" in n)
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        macs = 0  # a row is looked up
    return KeptLayer(name, type(module).__name__, reason, parameters, _bytes(module), macs)


def _parameters(module: nn.Module, groups: list[WeightGroup]) -> int:
    """Parameters of a layer that is not compressed yet, one bias vector a gate."""
    second = sum(module.get_parameter(group.biases[1]).numel() for group in groups if group.merged)
    return count_parameters(module) - second


def _bytes(module: nn.Module) -> int:
    itemsize = next((p.element_size() for p in module.parameters()), 0)
    return count_parameters(module) * itemsize
