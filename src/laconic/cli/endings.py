"""How a command ends: an exit code that means something and, where it failed, one sentence."""

from dataclasses import dataclass
from typing import Any

import typer

from laconic.cli.workers import WorkerError
from laconic.core.checks import DataError, ParameterError

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

UsageError = typer.BadParameter.__bases__[0]
"""What typer raises on a command line that it cannot parse; typer exports only its subclass."""

_OPTIONS = {
    "n_layers": "layers",
    "hidden_size": "hidden",
    "max_epochs": "epochs",
    "random_state": "seed",
    "n_atoms": "atoms",
    "n_trials": "trials",
    "n_finalists": "finalists",
}
"""Options whose name on the command line is not that of the parameter."""


@dataclass(frozen=True)
class Ending:
    """What is left to say; `goes_on` where nothing but time was lost."""

    code: int
    sentence: str
    goes_on: bool = False


def ending(error: BaseException) -> Ending | None:
    """Return how a command ends with a known error; None for one that should show where it came from."""
    match error:
        case ParameterError():
            return Ending(BAD_INPUT, f"{option(error.parameter)} must be {error.allowed}, got {error.given!r}")
        case DataError():
            return Ending(BAD_INPUT, str(error))
        case WorkerError() | OSError():
            return Ending(FAILED, str(error), goes_on=True)
        case ImportError() if "laconic[" in str(error):  # says which extra to install
            return Ending(FAILED, str(error))
        case SystemError() if isinstance(_root(error), KeyboardInterrupt):  # what compiled code makes of it
            return Ending(INTERRUPTED, "interrupted", goes_on=True)
        case KeyboardInterrupt() | typer.Abort():
            return Ending(INTERRUPTED, "interrupted", goes_on=True)
    return Ending(BAD_INPUT, _usage(error)) if isinstance(error, UsageError) else None


def option(parameter: str) -> str:
    """Return a parameter's name as it is typed.

    Examples
    --------
    >>> option("batch_size")
    '--batch-size'
    """
    if parameter.startswith("-"):
        return parameter
    return "--" + _OPTIONS.get(parameter, parameter).replace("_", "-")


def _root(error: BaseException) -> BaseException:
    """Return the error that others followed from."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _usage(error: Any) -> str:
    text = error.format_message().rstrip(".").replace("Value error, ", "")
    command = error.ctx.command_path if error.ctx else "laconic"
    return f"{text[:1].lower()}{text[1:]} (see {command} --help)"
