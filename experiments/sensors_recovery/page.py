"""The results as a Markdown page."""

from typing import Any

import numpy as np
from goals import verdict

Row = dict[str, Any]


def page(results: dict[str, Any]) -> str:
    parts = [_head(results)]
    for study in results["studies"]:
        rows = shown([row for row in results["rows"] if row["study"] == study["key"]])
        if rows:
            parts += [f"## {study['title']}", _words(study), _table(rows, study)]
    by_study = {study["key"]: shown(_of(results["rows"], study["key"])) for study in results["studies"]}
    parts += ["## Noise estimated, over the true one", _noise(results), "## Goals", verdict(by_study)]
    return "\n\n".join(parts) + "\n"


def _head(results: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    last = results["seed"] + results["trials"] - 1
    return "\n\n".join(
        [
            "# Recovery of planted dictionaries of several sensors",
            f"`{results['command']}`; {results['date']}; laconic {results['laconic']}{results['peers']}; {machine}; "
            f"{results['threads']} thread(s), SPAMS and scikit-learn one.",
            f"Seeds {results['seed']} to {last}, means; the least over the seeds in brackets. An atom is found if a "
            "component has a cosine above .99 to it, either sign. Of methods with a penalty to choose, the one that "
            "finds the most atoms over all seeds is shown, for those that learn each modality alone the best for each "
            "modality, which favours them: nobody would know it (all are in results.json). Seconds: by the clock, and "
            "of the processor.",
        ]
    )


def _words(study: dict[str, Any]) -> str:
    given = study["options"]
    atoms = " and ".join(map(str, np.ravel(given["n_atoms"])))
    features = " + ".join(map(str, given["n_features"]))
    levels = ", ".join(f"{name} at {level:g} dB" for name, level in study["levels"].items())
    return f"{given['n_samples']} samples, {features} features, {atoms} atoms, {given['n_nonzero']} in use; {levels}."


def _table(rows: list[Row], study: dict[str, Any]) -> str:
    names = list(study["levels"])
    links = any(row.get("links") is not None for row in rows)
    heads = [f"{name} found" for name in names] + [f"{name} mean 1 - cosine" for name in names]
    heads += ["links right"] * links + ["seconds", "processor"]
    lines = [f"| method | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for row in rows:
        cells = [f"{row['atoms'][name]:.1%} ({min(row['atoms_each'][name]):.0%})" for name in names]
        cells += [f"{row['error'][name]:.4f}" for name in names]
        cells += [f"{row['links']:.1%}" if row.get("links") is not None else ""] * links
        cells += [f"{sum(row[key].values()):.1f}" for key in ("seconds", "processor")]
        lines.append(f"| {row['method']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _of(rows: list[Row], key: str) -> list[Row]:
    return [row for row in rows if row["study"] == key]


def shown(rows: list[Row]) -> list[Row]:
    """Return of every family the line with the most atoms, alone for each modality, in their order."""
    families: dict[str, list[Row]] = {}
    for row in rows:
        families.setdefault(row["family"], []).append(row)
    return [_best_of_each(family) if family[0]["alone"] else max(family, key=_mean) for family in families.values()]


def _mean(row: Row) -> float:
    return float(np.mean(list(row["atoms"].values())))


def _best_of_each(family: list[Row]) -> Row:
    """Put together the best line for each modality."""
    names = list(family[0]["atoms"])
    best = {name: max(family, key=lambda row: row["atoms"][name]) for name in names}
    strengths = [best[name]["method"].rpartition("l1 ")[2] for name in names]
    words = f", l1 {' / '.join(strengths)}" if len(family) > 1 else ""
    keys = [key for key in ("atoms", "error", "seconds", "processor") for key in (key, f"{key}_each")]
    return family[0] | {"method": family[0]["family"] + words} | {k: {n: best[n][k][n] for n in names} for k in keys}


def _noise(results: dict[str, Any]) -> str:
    lines = ["| problem | modality | dB | mean | least | most | within 10 % |", "| --- | --- |" + " ---: |" * 5]
    for study in results["studies"]:
        for row in _of(results["rows"], study["key"]):
            for name, each in row.get("noise_each", {}).items():
                within = np.mean(np.abs(np.array(each) - 1) <= 0.1)
                level = f"{study['levels'][name]:g} | {np.mean(each):.3f} | {min(each):.3f} | {max(each):.3f}"
                lines.append(f"| {study['title']} | {name} | {level} | {within:.0%} |")
    return "\n".join(lines)
