"""What learning returns, and what is told on the way."""

from dataclasses import dataclass, replace
from typing import Any

from laconic.core.result import Result
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.statistics import Sums


@dataclass(frozen=True)
class MultimodalResult(Result):
    """Dictionaries, and how they were found; scales stay with their blocks.

    `x` is a tuple of dictionaries, one a modality, in its unit. `gap` is the largest distance that an atom, of length
    one, moved in the last step. `trace` is the mean log-likelihood of a sample before each step over all data,
    under the noise that dictionaries are learned with.

    Attributes
    ----------
    model : Model
    sums : Sums
        Statistics of all samples at the end: what dictionaries are improved by when more samples come.
    measured : Sums
        Statistics of all samples with these dictionaries, under the noise itself.
    log_likelihood : float
        Of a sample, on average, in the units of the data.
    sparsity : int or None
        Of the warm start that was taken.
    """

    model: Any = None
    sums: Any = None
    measured: Any = None
    log_likelihood: float = 0.0
    sparsity: int | None = None

    def with_model(self, model: Model, sums: Sums) -> "MultimodalResult":
        """Return the result with what was learned since."""
        return replace(self, x=model.atoms, model=model, sums=sums, measured=sums)


@dataclass(frozen=True)
class Tick:
    """One step, for whoever watches.

    Attributes
    ----------
    stage : str
        "warm start", "cycle", "final", "reference", or "labels" where classes are learned.
    iteration, limit : int
        Of the stage.
    objective : float
        Mean log-likelihood of a sample; NaN where it is not known.
    change : float
        Largest distance that an atom has moved; NaN where it is not known.
    noises : tuple of float
        In units of the fit.
    """

    stage: str
    iteration: int
    limit: int
    objective: float
    change: float
    noises: tuple[float, ...]
