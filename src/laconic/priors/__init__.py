"""Priors on few non-zeros: one rectified scale mixture a file, for both ways of learning with it."""

from laconic.core.checks import ParameterError, check_choice
from laconic.priors.base import Family, Prior
from laconic.priors.flat import Flat
from laconic.priors.gdp import GeneralisedDoublePareto
from laconic.priors.laplacian import Laplacian
from laconic.priors.mixture import GammaMixture
from laconic.priors.power import PowerExponential
from laconic.priors.student_t import StudentT

__all__ = [
    "PRIORS",
    "PROMISES",
    "Flat",
    "GammaMixture",
    "GeneralisedDoublePareto",
    "Laplacian",
    "PowerExponential",
    "Prior",
    "StudentT",
    "as_prior",
]

PRIORS: dict[str, type[Prior]] = {
    prior.name: prior for prior in (Flat, Laplacian, StudentT, GeneralisedDoublePareto, PowerExponential)
}
"""Every prior by its name; a new one adds its line here."""

ALIASES = {"rgdp": "gdp", "rst": "student_t", "rl": "laplacian", "rpe": "power_exponential"}
"""The names of arXiv:1604.02181, in which R is for rectified."""

PROMISES: dict[Family, tuple[str, ...]] = {
    family: tuple(name for name, prior in PRIORS.items() if family in prior.families)
    for family in ("type I", "type II")
}
"""Which prior serves which way of learning: what errors, tests and docs read."""


def as_prior(owner: str, value: object, family: Family) -> Prior:
    """Return the prior of this name , or `value` if it is one already.

    Parameters
    ----------
    owner : str
        Who asks, for the error.
    value : str or Prior
    family : {"type I", "type II"}
        What it will be used for.

    Raises
    ------
    ParameterError
        If there is no such prior, or it does not serve this way of learning.
    """
    allowed = PROMISES[family]
    if isinstance(value, Prior):
        if family not in value.families:
            raise ParameterError(owner, "prior", f"made for {family} learning, as {', '.join(allowed)} are", value)
        return value
    if not isinstance(value, str):
        raise ParameterError(owner, "prior", f"one of {', '.join(map(repr, allowed))} or a Prior", value)
    name = ALIASES.get(value, value)
    check_choice(owner, "prior", name, allowed)
    return PRIORS[name]()
