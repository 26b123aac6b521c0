"""The command line: `laconic tour`, `laconic compress`."""

import sys
from typing import Annotated

import typer

from laconic.cli.compress import compress
from laconic.cli.tour import tour

app = typer.Typer(
    name="laconic",
    help="Models that say much with few numbers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(compress)
app.command()(tour)


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        import laconic

        print(laconic.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 failed on the way, 2 bad input, 130 interrupted."""
    from laconic.cli.workers import WorkerError
    from laconic.core.checks import DataError, ParameterError

    try:
        app()
    except (ParameterError, DataError) as error:
        _end(2, str(error))
    except (ImportError, WorkerError, OSError) as error:
        _end(1, str(error))
    except KeyboardInterrupt:
        _end(130, "interrupted; the same command with --resume goes on")


def _end(code: int, message: str) -> None:
    print(f"laconic: {message}", file=sys.stderr)
    raise SystemExit(code)
