"""Which layers of a model are to be compressed, and why the others are not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import nn
from torch.nn.utils import parametrize

from laconic.core.checks import ParameterError
from laconic.rnn.anatomy import CannotCompressError, WeightGroup, weight_groups
from laconic.rnn.count import own_parts
from laconic.rnn.reparametrise import Reparametrised

HEAD = "the model's last Linear layer is kept, as the papers keep the classifier; name it in layers= to compress it"


@dataclass(frozen=True)
class Survey:
    """What a look at a model found.

    Attributes
    ----------
    chosen : dict of str to (module, groups)
        The layers to compress, by name.
    kept : dict of str to (module, reason)
        The layers with parameters of their own that stay as they are.
    """

    chosen: dict[str, tuple[nn.Module, list[WeightGroup]]]
    kept: dict[str, tuple[nn.Module, str]]


def survey(model: nn.Module, layers: Sequence[str] | str | None) -> Survey:
    """Look at every layer of a model that has parameters of its own.

    Parameters
    ----------
    model : torch.nn.Module
    layers : None, "all", or names of submodules or patterns such as "encoder.*"
        None takes every layer that can be compressed but the model's last Linear layer.

    Raises
    ------
    ParameterError
        If a name fits no layer, a layer asked for by name cannot be compressed, or nothing can be.
    """
    if not isinstance(model, nn.Module):
        raise ParameterError("compress", "model", "a torch.nn.Module", type(model).__name__)
    owners = _owners(model)
    possible: dict[str, list[WeightGroup]] = {}
    reasons: dict[str, str] = {}
    shared = _shared_parameters(owners)
    for name, module in owners.items():
        try:
            possible[name] = _groups(module, shared)
        except CannotCompressError as reason:
            reasons[name] = str(reason)
    wanted = _default_layers(owners, possible) if layers is None else _named_layers(owners, layers)
    _check_possible(wanted, possible, reasons, layers, type(model).__name__)
    chosen = {name: (owners[name], possible[name]) for name in wanted if name in possible}
    kept = {n: (m, reasons.get(n) or _why_kept(layers)) for n, m in owners.items() if n not in chosen}
    return Survey(chosen, kept)


def refuse(found: Survey, reasons: dict[str, str], layers: Sequence[str] | str | None) -> Survey:
    """Return the survey without layers that a method cannot take, each of which is kept for its reason.

    Raises
    ------
    ParameterError
        If such a layer was asked for by name, or no other is left.
    """
    possible = {name: groups for name, (_, groups) in found.chosen.items() if name not in reasons}
    kind = ", ".join(dict.fromkeys(type(module).__name__ for module, _ in found.chosen.values()))
    _check_possible(list(found.chosen), possible, reasons, layers, kind)
    chosen = {name: layer for name, layer in found.chosen.items() if name in possible}
    refused = {name: (found.chosen[name][0], reason) for name, reason in reasons.items()}
    return Survey(chosen, found.kept | refused)


def _owners(model: nn.Module) -> dict[str, nn.Module]:
    """The modules that have parameters of their own, those that hold them for another one counted as part of it."""
    modules = dict(model.named_modules())
    helpers = {id(part) for module in modules.values() for part in own_parts(module)[1:]}
    return {name: m for name, m in modules.items() if id(m) not in helpers and _owns_parameters(m)}


def _owns_parameters(module: nn.Module) -> bool:
    return any(p is not None for part in own_parts(module) for p in part._parameters.values())


def _shared_parameters(owners: dict[str, nn.Module]) -> set[int]:
    """Identities of parameters that several modules hold, such as tied embeddings."""
    held = Counter(id(p) for module in owners.values() for p in module._parameters.values() if p is not None)
    return {parameter for parameter, count in held.items() if count > 1}


def _groups(module: nn.Module, shared: set[int]) -> list[WeightGroup]:
    """Return the weight groups of a layer, or raise `CannotCompressError` with the reason why not."""
    if isinstance(module, Reparametrised):
        raise CannotCompressError("it is compressed already")
    if parametrize.is_parametrized(module):
        raise CannotCompressError("it has parametrizations of torch.nn.utils.parametrize; remove them first")
    if any(isinstance(parameter, nn.UninitializedParameter) for parameter in module._parameters.values()):
        raise CannotCompressError("its size is not known yet; run the model once first")
    groups = weight_groups(module)
    names = [name for group in groups for name in (*group.weights, *group.biases)]
    _check_parameters([module._parameters.get(name) for name in names], shared)
    return groups


def _check_parameters(parameters: list[nn.Parameter | None], shared: set[int]) -> None:
    for parameter in parameters:
        if parameter is None:
            raise CannotCompressError("torch's weight_norm, spectral_norm or prune holds its weights; remove it first")
        if id(parameter) in shared:
            raise CannotCompressError("its parameters are shared with another layer")
        if not parameter.is_floating_point():
            raise CannotCompressError("its weights are not real floating-point numbers")
        if parameter.is_meta:
            raise CannotCompressError("its weights have no values yet (they are on the meta device)")


def _default_layers(owners: dict[str, nn.Module], possible: dict[str, list[WeightGroup]]) -> list[str]:
    linear = [name for name, module in owners.items() if isinstance(module, nn.Linear)]
    rest = [name for name in possible if name not in linear[-1:]]
    compressed = any(isinstance(module, Reparametrised) for module in owners.values())
    return rest if rest or compressed else list(possible)


def _named_layers(owners: dict[str, nn.Module], layers: Sequence[str] | str) -> list[str]:
    patterns: list[object] = [layers] if isinstance(layers, str) else list(layers)
    if patterns == ["all"]:
        return list(owners)
    for pattern in patterns or [layers]:
        if not isinstance(pattern, str) or not any(_fits(name, pattern) for name in owners):
            known = ", ".join(map(repr, owners))
            raise ParameterError("compress", "layers", f"None, 'all' or names and patterns among {known}", pattern)
    return [name for name in owners if any(_fits(name, str(pattern)) for pattern in patterns)]


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or name.startswith(f"{pattern}.") or fnmatchcase(name, pattern)


def _check_possible(
    wanted: list[str],
    possible: dict[str, list[WeightGroup]],
    reasons: dict[str, str],
    layers: Sequence[str] | str | None,
    kind: str,
) -> None:
    named = [layers] if isinstance(layers, str) else layers or []
    for name in (name for name in wanted if name in reasons and name in named):
        raise ParameterError("compress", "layers", f"layers that can be compressed ({name}: {reasons[name]})", name)
    if not any(name in possible for name in wanted):
        found = "; ".join(f"{name or 'the model'}: {reason}" for name, reason in reasons.items())
        allowed = "a module with a layer to compress (" + (found or "this one has no parameters at all") + ")"
        raise ParameterError("compress", "model", allowed, kind)


def _why_kept(layers: Sequence[str] | str | None) -> str:
    return HEAD if layers is None else "not named in layers="
