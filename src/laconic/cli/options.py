"""What the commands share: options in groups of the help, and the command as it was typed."""

import re
import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from laconic.core.checks import ParameterError

if TYPE_CHECKING:
    from laconic.report.codes import Image

NOT_OF_THE_RUN = ("--overwrite", "--json", "--quiet")
"""Words that change nothing in the results."""


def option(*names: str, panel: str, help: str, metavar: str = "", default: str | bool = True) -> Any:
    """Return an option in a group of the help; limits are checked by those who use the value, not here."""
    return typer.Option(*names, metavar=metavar, help=help, show_default=default, rich_help_panel=panel)


def flag(name: str, help: str, panel: str = "Run") -> Any:
    """Return an option without a value."""
    return option(name, panel=panel, help=help)


def group(panel: str) -> Callable[..., Any]:
    """Return what makes options of a group, from metavar, help and, if it is not as it is, what is shown as default."""

    def made(metavar: str, help: str, default: str | bool = True) -> Any:
        return option(panel=panel, metavar=metavar, help=help, default=default)

    return made


def as_typed(left_out: tuple[str, ...] = NOT_OF_THE_RUN) -> str:
    """Return the command as the user typed it, for the report."""
    return shlex.join(["laconic", *(word for word in sys.argv[1:] if word not in left_out)])


def image_of(owner: str, given: str, order: str = "C", *, such_as: str = "28x28") -> "Image":
    """Return lines and columns from words such as 28x28."""
    from laconic.report.codes import Image

    found = re.fullmatch(r"(\d{1,9})[xX×](\d{1,9})", given.strip())
    if not found or not int(found[1]) * int(found[2]):
        raise ParameterError(owner, "image", f"lines and columns such as {such_as}", given)
    return Image(int(found[1]), int(found[2]), "F" if order == "F" else "C")
