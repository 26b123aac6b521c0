"""The results as a Markdown page."""

from typing import Any

WORDS = {"codes": "Codes above zero", "all": "Codes and components above zero"}


def page(results: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    parts = [
        "# Coefficients above zero against error",
        f"`{results['command']}`; {results['date']}; laconic {results['laconic']}{results['peers']}; {machine}; one "
        "thread, processor seconds.",
        f"{results['words']}, {results['k']} components, seed {results['seed']}. Counted is what is above a millionth "
        "of the largest, components of length one. Relative error: |X - CD| / |X|. The strength of a penalty is, for "
        "laconic, the variance of the noise over the mean square of the data; for scikit-learn alpha; for SPAMS lambda "
        "over the length of a typical sample.",
        "![Share of coefficients above zero against the relative error](curves.svg)",
    ]
    for name, tables in results["beside"].items():
        for key, rows in tables.items():
            ours = " or ".join(results["compared"][key])
            parts += [f"## {WORDS[key]}: {name}, and {ours} at the same error", _beside(rows, name)]
    parts += ["## All points", _points(results["points"]), *(f"{one} was not installed." for one in results["skipped"])]
    return "\n\n".join([*parts, _verdict(results["beside"])]) + "\n"


def _beside(rows: list[dict[str, Any]], name: str) -> str:
    lines = [f"| strength | relative error | {name} | laconic | ratio | setting |"]
    lines += ["| ---: | ---: | ---: | ---: | ---: | --- |"]
    for row in rows:
        known = row["ours"] is not None
        found = f"| {row['ours']:,.0f} | {row['ratio']:.2f} | {row['by']} |" if known else "| outside its curve | | |"
        lines.append(f"| {row['strength']:g} | {row['relative_error']:.4f} | {row['theirs']:,} {found}")
    return "\n".join(lines)


def _points(points: dict[str, list[dict[str, Any]]]) -> str:
    lines = ["| method | strength | relative error | codes | components | seconds |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, curve in points.items():
        for one in curve:
            counts = f"{one['codes']:,} ({one['share_codes']:.1%}) | {one['components']:,}"
            errors = f"{one['strength']:g} | {one['relative_error']:.4f}"
            lines.append(f"| {name} | {errors} | {counts} | {one['seconds']:.1f} |")
    return "\n".join(lines)


def _verdict(tables: dict[str, Any]) -> str:
    lines = []
    for key, words in WORDS.items():
        ratios = [row["ratio"] for name in tables for row in tables[name][key] if row["ratio"] is not None]
        met = "met" if ratios and max(ratios) < 1 else "not met"
        lines.append(f"- {words}: {met}" + (f", ratios {min(ratios):.2f} to {max(ratios):.2f}" if ratios else ""))
    return "Goal, fewer than any peer at the same error, over the whole curve:\n\n" + "\n".join(lines)
