"""Ways from scales to the moments of the codes, one a file."""

from laconic.core.checks import ParameterError, check_choice
from laconic.core.seeds import RandomState, as_generator
from laconic.sbl.esteps.base import EStep
from laconic.sbl.esteps.diagonal import Diagonal
from laconic.sbl.esteps.ep import ExpectationPropagation
from laconic.sbl.esteps.gamp import Gamp
from laconic.sbl.esteps.lmmse import Lmmse
from laconic.sbl.esteps.mcmc import MonteCarlo

__all__ = ["ESTEPS", "Diagonal", "EStep", "ExpectationPropagation", "Gamp", "Lmmse", "MonteCarlo", "as_e_step"]

ESTEPS: dict[str, type[EStep]] = {
    e_step.name: e_step for e_step in (Diagonal, Lmmse, Gamp, MonteCarlo, ExpectationPropagation)
}
"""Every E-step by its name; a new one adds its line here."""


def as_e_step(owner: str, value: object, random_state: RandomState = None) -> EStep:
    """Return the E-step of this name, or `value` if it is one already.

    One that draws at random and was asked for by name is given a seed from `random_state`.

    Raises
    ------
    ParameterError
        If there is no such E-step.
    """
    if isinstance(value, EStep):
        return value
    if not isinstance(value, str):
        raise ParameterError(owner, "e_step", f"one of {', '.join(map(repr, ESTEPS))} or an EStep", value)
    check_choice(owner, "e_step", value, ESTEPS)
    return ESTEPS[value]().seeded(int(as_generator(owner, random_state).integers(2**31)))
