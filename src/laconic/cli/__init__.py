"""The command line: `laconic tour`, `compress`, `plan`, `nnls`, `nmf`, `fuse`, `reproduce` and `deploy`."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from laconic.cli.compress import compress
from laconic.cli.deploy import deploy
from laconic.cli.endings import INTERRUPTED, ending
from laconic.cli.fuse import fuse
from laconic.cli.nmf import nmf
from laconic.cli.nnls import nnls
from laconic.cli.plan import plan
from laconic.cli.reproduce import reproduce
from laconic.cli.tour import tour

RESUMABLE = ("compress", "plan", "reproduce")
"""Commands that go on with --resume."""

app = typer.Typer(
    name="laconic",
    help="Models that say much with few numbers.",
    epilog="Exit codes: 0 done, 1 failed on the way, 2 bad input, 130 interrupted.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(tour)
app.command()(compress)
app.command()(plan)
app.command()(nnls)
app.command()(nmf)
app.command()(fuse)
app.command()(reproduce)
app.command()(deploy)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if version:
        import laconic

        print(laconic.__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())
    else:
        return
    raise typer.Exit


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line and leave with an exit code: 0 done, 1 failed on the way, 2 bad input, 130 interrupted.

    Parameters
    ----------
    words : sequence of str, optional
        What follows `laconic`; taken from the process's arguments if not given.
    """
    words = sys.argv[1:] if words is None else list(words)
    try:
        code = app(words, prog_name="laconic", standalone_mode=False)
        if code == INTERRUPTED:  # what newer typer makes of KeyboardInterrupt
            raise KeyboardInterrupt
    except BaseException as error:
        end = ending(error)
        if end is None:
            raise
        print(getattr(error, "trace", ""), end="", file=sys.stderr)
        hint = "; the same command with --resume goes on" if end.goes_on and words[0] in RESUMABLE else ""
        print(f"laconic: {end.sentence}{hint}", file=sys.stderr)
        code = end.code
    raise SystemExit(code or 0)
