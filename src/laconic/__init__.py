"""laconic: models that say much with few numbers.

Two halves meet in `laconic.structured`, matrices with few parameters:

- few parameters: `laconic.rnn` compresses the recurrent layers of PyTorch models with Kronecker products
  (it needs the extra ``laconic[rnn]``);
- few non-zeros: `laconic.nnls` and `laconic.sbl` find sparse non-negative codes for a known dictionary,
  `laconic.factorize` learns the dictionary, too, and `laconic.estimators` offers all of it in scikit-learn's manners.

Importing this package loads none of its rooms, so it is fast and needs no PyTorch; each room, such as
`laconic.structured`, and each estimator, such as `laconic.RectifiedSBL`, is loaded when it is first asked for.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

__version__ = "0.1.0"

_ESTIMATORS = (
    "MultimodalDictionary",
    "MultimodalDictionaryClassifier",
    "RankChoice",
    "RectifiedSBL",
    "RectifiedSBLCV",
    "SparseNMF",
    "SparseNNLS",
    "SparseNNLSCV",
    "choose_rank",
)
"""Names of `laconic.estimators` that this package has too."""

__all__ = [*_ESTIMATORS, "__version__"]


def __getattr__(name: str) -> Any:
    """Load an estimator or the room `name` at its first use: ``laconic.rnn`` works after a plain ``import laconic``."""
    if name in _ESTIMATORS:
        return getattr(import_module(f"{__name__}.estimators"), name)
    if name.startswith("_") or find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
