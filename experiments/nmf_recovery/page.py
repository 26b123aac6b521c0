"""The results as a Markdown page."""

from typing import Any

COLUMNS = {
    "atoms found": ("atoms", ".1%"),
    "least": ("atoms_least", ".0%"),
    "density / truth's, > 0": ("density", ".2f"),
    "> 1 %": ("density_1", ".2f"),
    "relative error": ("relative_error", ".4f"),
    "seconds": ("seconds", ".2f"),
}


def page(results: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    size = results["size"]
    return "\n\n".join(
        [
            "# Recovery of planted factors",
            f"`{results['command']}`; {results['date']}; laconic {results['laconic']}{results['peers']}; {machine}; "
            "one thread, processor seconds.",
            f"{size['n_samples']} samples of {size['n_features']} features, {size['n_components']} atoms of which "
            f"{size['n_nonzero']} are in each sample, {size['snr']:g} dB; seeds {results['seed']} to "
            f"{results['seed'] + results['trials'] - 1}, means. An atom is found if a component has a cosine above .99 "
            "to it; least: over the seeds. Density: share of codes above zero, and above a hundredth of the largest, "
            "over the truth's, components of length one. Of methods with a strength to choose, the one that finds the "
            "most atoms over all seeds is shown, among equals the one of the sparsest codes, which favours them: "
            "nobody would know it (all are in results.json). "
            f"The truth itself leaves a relative error of {results['truth_error']:.4f}.",
            _table(results["rows"]),
            "\n".join(f"{name} was not installed." for name in results["skipped"]),
            _verdict(results["rows"]),
        ]
    ).replace("\n\n\n\n", "\n\n")


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [f"| method | {' | '.join(COLUMNS)} |", f"| --- |{' ---: |' * len(COLUMNS)}"]
    for row in shown(rows):
        lines.append(f"| {row['method']} | {' | '.join(f'{row[key]:{form}}' for key, form in COLUMNS.values())} |")
    return "\n".join(lines)


def shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return of every family the line with the most atoms, among equals that of the sparsest codes, in their order."""
    best: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["family"] not in best or _rank(row) > _rank(best[row["family"]]):
            best[row["family"]] = row
    return list(best.values())


def _rank(row: dict[str, Any]) -> tuple[float, float]:
    return row["atoms"], -row["density"]


def _verdict(rows: list[dict[str, Any]]) -> str:
    ours = next(row for row in rows if row["method"] == "laconic hals, rgdp")
    met = ours["atoms"] >= 0.95 and ours["density"] <= 1.3
    goal = "Goal, hals with rgdp: at least 95 % of the atoms at no more than 1.3 times the truth's density: "
    return f"{goal}{'met' if met else 'not met'} ({ours['atoms']:.1%}, {ours['density']:.2f}).\n"
