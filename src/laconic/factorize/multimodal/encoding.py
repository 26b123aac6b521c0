"""Codes of a block for dictionaries that are known, each sample's as if it had been alone."""

from dataclasses import dataclass

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks import Block
from laconic.core.threads import threads_of_our_own
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.steps import ENERGY, FAST
from laconic.sbl.modal import Posterior, View, infer, predict, started


@dataclass(frozen=True)
class Coded:
    """Codes of the samples of a block, in units of the fit.

    Attributes
    ----------
    views : list of View
    variances : list of arrays of shape (n, M_j)
        Prior variances.
    posteriors : list of Posterior
    """

    views: list[View]
    variances: list[Array]
    posteriors: list[Posterior]


@dataclass(frozen=True, eq=False)
class Encoder:
    """Finds codes.

    Attributes
    ----------
    model : Model
    max_iter : int
        Steps over the scales, at most.
    tol : float
        A sample is done when no standard deviation of a code changes by more than this share of its largest.
    """

    model: Model
    max_iter: int = 200
    tol: float = 1e-3

    @threads_of_our_own()
    def __call__(self, block: Block) -> Array:
        """Return the means of the codes of all modalities side by side, in units of the data."""
        coded = self.coded(block)
        return array_namespace(coded.posteriors[0].mean).concat([mean for mean, _ in self.moments(coded)], axis=1)

    @threads_of_our_own()
    def coded(self, block: Block) -> Coded:
        """Return the codes of a block."""
        links, views = self.model.links, self.model.views(self.model.layout.readings(block))
        begin = started(links, views, ENERGY)
        gamma = infer(links, views, FAST, gamma=begin, max_iter=self.max_iter, tol=self.tol)
        variances = [links.variances(j, gamma) for j in range(len(views))]
        return Coded(views, variances, [view.posterior(g)[0] for view, g in zip(views, variances, strict=True)])

    def moments(self, coded: Coded) -> list[tuple[Array, Array]]:
        """Return mean and standard deviation of the codes of each modality, in units of the data."""
        pairs = zip(coded.posteriors, self.model.layout.units, strict=True)
        return [(found.mean * unit, array_namespace(found.mean).sqrt(found.variance) * unit) for found, unit in pairs]

    def filled(self, coded: Coded) -> list[Array]:
        """Return the features of each modality, scaled as in the fit; entries that are missing, as codes say."""
        found = []
        for view, part, posterior in zip(coded.views, self.model.layout.parts, coded.posteriors, strict=True):
            y, seen = view.readings.y, view.readings.seen
            xp = array_namespace(y)
            whole = y if seen is None else xp.where(seen, y, posterior.mean @ view.sensor.atoms)
            found.append(whole[:, : part.n_signal] * part.unit)
        return found

    @threads_of_our_own()
    def predicted(self, block: Block) -> list[tuple[Array, Array]]:
        """Return mean and standard deviation, with noise, of each feature of each modality, in units of the data."""
        coded, found = self.coded(block), []
        for part, view, g in zip(self.model.layout.parts, coded.views, coded.variances, strict=True):
            mean, variance = predict(view, g, view.sensor.atoms[:, : part.n_signal])
            xp = array_namespace(mean)
            factors = xp.asarray(part.factors(), dtype=mean.dtype, device=mean.device)
            found.append((part.restored(mean), xp.sqrt(variance + view.sensor.noise) * factors))
        return found

    def evidence(self, block: Block) -> Array:
        """Return the log-likelihood of each sample, with scales found for it, in units of the data."""
        coded = self.coded(block)
        xp, total = array_namespace(coded.posteriors[0].mean), None
        for part, view, found in zip(self.model.layout.parts, coded.views, coded.posteriors, strict=True):
            logs = xp.log(xp.asarray(part.factors(), dtype=found.evidence.dtype, device=found.evidence.device))
            seen = view.readings.seen
            lost = xp.sum(logs) if seen is None else xp.astype(seen, logs.dtype)[:, : part.n_signal] @ logs
            own = found.evidence - lost
            total = own if total is None else total + own
        assert total is not None  # there is one modality at least
        return total
