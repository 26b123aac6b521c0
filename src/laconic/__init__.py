"""laconic: models that say much with few numbers.

Two halves meet in `laconic.structured`, matrices with few parameters:

- few parameters: `laconic.rnn` compresses the recurrent layers of PyTorch models with Kronecker products
  (it needs the extra ``laconic[rnn]``);
- few non-zeros: sparse non-negative codes and factorisations (to come).

Importing this package loads none of its rooms, so it is fast and needs no PyTorch; each room, such as
`laconic.structured`, is loaded when it is first asked for.
"""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

__version__ = "0.1.0"

__all__ = ["__version__"]


def __getattr__(name: str) -> ModuleType:
    """Load the room `name` at its first use: ``laconic.rnn`` works after a plain ``import laconic``."""
    if name.startswith("_") or find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
