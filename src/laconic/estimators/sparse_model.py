"""What fitted models of penalised non-negative least squares share, however their noise was chosen."""

from typing import Any

from laconic.core.arrays import Array
from laconic.estimators.linear import NonNegativeRegressor, named
from laconic.nnls import NNLSResult, SparseNNLSResult, nnls, sparse_nnls
from laconic.priors import Flat


class SparseModel(NonNegativeRegressor):
    """A non-negative linear model with a penalty, or none."""

    _options = ("solver", "anneal", "scale", "max_iter", "tol")

    max_iter: int | None

    def _solve(self, X: Any, y: Array, prior: Any, **changes: Any) -> NNLSResult | SparseNNLSResult:
        with named(self):
            if is_plain(prior):
                return nnls(X, y, max_iter=self.max_iter)
            return sparse_nnls(X, y, prior=prior, **self._asked(changes))


def is_plain(prior: Any) -> bool:
    """Whether there is no penalty."""
    return prior is None or prior == "flat" or isinstance(prior, Flat)
