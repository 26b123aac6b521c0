"""The results as a Markdown page."""

from typing import Any

SUPPORT = "entries above a millionth, and above a hundredth, of the signal's largest"


def page(results: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    parts = [
        "# Unmixing of spectra",
        f"`{results['command']}`; {results['date']}; laconic {results['laconic']}; {machine}; one thread, "
        "processor seconds.",
        'No method is told the noise; it is taken from the residual of plain NNLS, and "noise x 4" takes four times as '
        "much, since the residuals of neighbouring bands correlate (by 0.65 with the library). Residual: "
        "||Y - A X|| / ||Y|| in the Frobenius norm. Support: " + SUPPORT + ", mean over the signals. Abundance error: "
        "root mean square after each pixel is scaled to sum to one, against the scene's reference abundances. Slow "
        "methods take every twentieth or ninetieth pixel.",
        "## A scene of 95 x 95 pixels, its 3 end members",
        _table(results["endmembers"], SCENE),
        "## The same scene, a library of 105 spectra in 3 groups",
        "The abundance of a material is the sum over its group, each spectrum counted as the amount of the end member "
        "that fits it best. The reference was made with the end members alone, so no solver reaches zero here: compare "
        "the lines with each other.",
        _table(results["library"], SCENE),
        "![Abundance of each material and its standard deviation](maps.png)",
        "## Planted mixtures of 3 to 5 of 498 minerals (coherence 0.99998)",
        "Found: share of the planted minerals among as many largest entries. Error of the codes: "
        "||x - truth||^2 / ||truth||^2, mean. Error of the signal: ||A (x - truth)|| / ||A truth||.",
        *[_minerals(results["minerals"], snr) for snr in sorted({row["snr"] for row in results["minerals"]})],
        "## What the solvers say",
        _messages(results),
    ]
    return "\n\n".join(parts) + "\n"


SCENE = {
    "abundance error": ("abundance_rmse", ".4f"),
    "residual": ("residual", ".4f"),
    "support, 1e-6": ("support", ".2f"),
    "support, 1e-2": ("support_1", ".2f"),
    "pixels": ("pixels", ""),
    "seconds": ("seconds", ".2f"),
}
MINERALS = {
    "found": ("found", ".3f"),
    "error of the codes": ("code_error", ".3f"),
    "error of the signal": ("clean_error", ".2g"),
    "residual": ("residual", ".2g"),
    "support, 1e-6": ("support", ".1f"),
    "support, 1e-2": ("support_1", ".1f"),
    "finite": ("finite", ""),
    "seconds": ("seconds", ".2f"),
}


def _minerals(rows: list[dict[str, Any]], snr: float) -> str:
    return f"{snr:g} dB:\n\n" + _table([row for row in rows if row["snr"] == snr], MINERALS)


def _table(rows: list[dict[str, Any]], columns: dict[str, tuple[str, str]]) -> str:
    lines = [f"| method | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for row in rows:
        cells = [f"{row[name]:{form}}" if form else str(row[name]) for name, form in columns.values()]
        lines.append(f"| {row['method']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _messages(results: dict[str, Any]) -> str:
    rows = [("end members", row) for row in results["endmembers"]] + [("library", row) for row in results["library"]]
    rows += [(f"minerals, {row['snr']:g} dB", row) for row in results["minerals"]]
    said: dict[str, list[str]] = {}
    for where, row in rows:
        said.setdefault(f"{row['method']}: {row['message']}", []).append(where)
    return "\n".join(f"- {words} ({'; '.join(places)})" for words, places in said.items() if not words.endswith(": "))
