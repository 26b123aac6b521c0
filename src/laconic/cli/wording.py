"""Errors of the library in the words of a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from laconic.core.checks import DataError


@contextmanager
def in_the_words_of(source: str, *owners: str) -> Iterator[None]:
    """Let an error about the data name their file in the place of what `owners` begin with."""
    try:
        yield
    except DataError as error:
        said = str(error)
        for owner in owners:
            if said.startswith(owner):
                raise DataError(f"{source}: {said.removeprefix(owner)}") from None
        raise
