"""The one way to Dask, whose types are half there: here it has none, and a sentence says so where it is missing.

Whatever needs Dask is imported through here, or by those who are.
"""

from importlib import import_module
from typing import Any


def needed(name: str) -> Any:
    """Return a module of Dask, or one that stands on Dask.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        words = f"Dask arrays and clusters need {error.name}, which is not installed"
        raise ImportError(f"{words}: pip install 'laconic[distributed]'") from error
