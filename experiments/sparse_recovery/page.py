"""The results as a Markdown page."""

from collections.abc import Callable, Sequence
from typing import Any

from cells import Setting
from plan import Table

Rows = dict[tuple[Setting, str], dict[str, Any]]


def page(tables: Sequence[Table], rows: Rows, about: dict[str, Any]) -> str:
    parts = [head(about)]
    for table in tables:
        parts.append(f"## {table.title}\n\nNMSE, mean over the trials; in brackets the support error.\n")
        parts.append(grid(table, rows, _error))
    parts.append(COVERAGE)
    parts += [f"{table.title}:\n\n{grid(table, rows, _coverage)}" for table in tables[:4]]
    parts.append(
        "## Time\n\nMedian processor seconds of one problem, one thread; in brackets the share that met its own test.\n"
    )
    parts += [f"{table.title}:\n\n{grid(table, rows, _seconds)}" for table in tables[:4]]
    return "\n".join(parts)


def head(about: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in about["machine"].items())
    return (
        "# Recovery of sparse non-negative codes\n\n"
        f"`{about['command']}`; {about['date']}; laconic {about['laconic']}; {machine}. Seeds {about['seed']} to "
        f"{about['seed'] + about['trials'] - 1}, for slow methods the first ones only, as many as the line says; a new "
        "100 x 400 dictionary of unit columns and one signal a seed, x = |N(0, 1)| on K places, the same problems for "
        "every method. R-SBL and the priors know the noise variance unless the line says otherwise; estimates are "
        "modes. NN-OMP knows K; oracle Lasso+ is the point of the whole path nearest to the truth. The figures show "
        "errors below 1e-10 at 1e-10.\n\n"
        "![Error and support error against the number of non-zeros](sparsity.svg)\n\n"
        "![Six designs and every E-step](designs.svg)\n"
    )


COVERAGE = (
    "## Coverage of 90 % intervals\n\nShare in % of true values inside the interval of highest density, on the true "
    "support; in brackets over all places. The marginals are those of expectation propagation at the learned scales, "
    "or the E-step's own.\n"
)


def grid(table: Table, rows: Rows, show: Callable[[dict[str, Any]], str | None]) -> str:
    """A table of methods down and settings across; lines without any figure are left out."""
    names = [_short(setting, table) for setting in table.settings]
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    most = max((row["trials"] for row in rows.values()), default=0)
    for method in table.methods:
        cells = [rows.get((setting, method)) for setting in table.settings]
        shown = [show(cell) if cell else None for cell in cells]
        if any(shown):
            lines.append(f"| {method}{_fewer(cells, most)} | {' | '.join(text or '' for text in shown)} |")
    return "\n".join(lines) + "\n"


def _fewer(cells: list[dict[str, Any] | None], most: int) -> str:
    """Say how many seeds were measured, where they were not as many as elsewhere."""
    least = min(cell["trials"] for cell in cells if cell)
    return f" ({least} seeds)" if least < most else ""


def _short(setting: Setting, table: Table) -> str:
    designs, counts = ({getattr(s, name) for s in table.settings} for name in ("design", "n_nonzero"))
    words = [setting.design] * (len(designs) > 1) + [f"K = {setting.n_nonzero}"] * (len(counts) > 1)
    return ", ".join(words) or setting.words


def _error(row: dict[str, Any]) -> str:
    return f"{row['nmse_mean']:.2g} ({row['support_error']:.3f})"


def _coverage(row: dict[str, Any]) -> str | None:
    if row["covered_support"] is None:
        return None
    return f"{100 * row['covered_support']:.0f} ({100 * row['covered_all']:.1f})"


def _seconds(row: dict[str, Any]) -> str:
    return f"{row['seconds']:.2g} ({100 * row['converged']:.0f} %)"
