"""What was to be reached, and whether it was."""

from typing import Any

import numpy as np
from plan import AUTO, COMPLETE, KNOWN, REFERENCE

Row = dict[str, Any]
FLOORS = {
    ("bimodal", KNOWN): {"a": 0.96, "b": 0.97},
    ("bimodal", AUTO): {"a": 0.97, "b": 0.97},
    ("bimodal", REFERENCE): {"a": 0.85, "b": 0.40},
    ("trimodal", KNOWN): {"a": 0.94, "b": 0.94, "c": 0.94},
    ("trimodal", AUTO): {"a": 0.94, "b": 0.94, "c": 0.94},
    ("tree", KNOWN): {"a": 0.98, "b": 0.88},
    ("tree", AUTO): {"a": 0.98, "b": 0.88},
}
SECONDS = {KNOWN: 15, AUTO: 90}
L1 = ("SPAMS trainDL", "scikit-learn DictionaryLearning")


def verdict(studies: dict[str, list[Row]]) -> str:
    """Return one line a goal; `studies` holds the lines shown of each study."""
    rows = {key: {row["method"]: row for row in found} for key, found in studies.items()}
    lines = [*_floors(rows), *_seconds(rows), *_beside(rows), *_links(rows), *_incomplete(rows), *_noise(studies)]
    return "\n".join(f"- {line}" for line in lines)


def _said(met: bool) -> str:
    return "met" if met else "not met"


def _floors(rows: dict[str, dict[str, Row]]) -> list[str]:
    lines = []
    for (key, words), floors in FLOORS.items():
        row = rows.get(key, {}).get(f"laconic, {words}")
        if row:
            met = all(row["atoms"][name] >= floor for name, floor in floors.items())
            found = ", ".join(f"{row['atoms'][name]:.1%} of {floor:.0%}" for name, floor in floors.items())
            lines.append(f"{key}, {words}: {_said(met)} ({found})")
    return lines


def _seconds(rows: dict[str, dict[str, Row]]) -> list[str]:
    lines = []
    for words, limit in SECONDS.items():
        row = rows.get("bimodal", {}).get(f"laconic, {words}")
        if row:
            most = max(max(each) for each in row["seconds_each"].values())
            lines.append(f"bimodal, {words}, at most {limit} s: {_said(most <= limit)} (the slowest seed {most:.1f} s)")
    return lines


def _beside(rows: dict[str, dict[str, Row]]) -> list[str]:
    """Return whether the noisy modality finds twice what the best l1 learner does, and the clean one no less."""
    found = rows.get("bimodal", {})
    peers = [row["atoms"] for row in found.values() if row["family"].startswith(L1)]
    lines = []
    for words in (KNOWN, AUTO) if peers else ():
        row = found.get(f"laconic, {words}")
        if row:
            clean, noisy = (max(peer[name] for peer in peers) for name in "ab")
            met = row["atoms"]["b"] >= 2 * noisy and row["atoms"]["a"] >= clean - 0.02
            beside = f"a {row['atoms']['a']:.1%} and {clean:.1%}, b {row['atoms']['b']:.1%} and {noisy:.1%}"
            lines.append(f"bimodal, {words}, b twice and a within .02 of the best l1 learner: {_said(met)} ({beside})")
    return lines


def _links(rows: dict[str, dict[str, Row]]) -> list[str]:
    found = [(words, rows.get("tree", {}).get(f"laconic, {words}")) for words in (KNOWN, AUTO)]
    return [
        f"tree, {words}, links at least 98 % right: {_said((row['links'] or 0) >= 0.98)} ({row['links'] or 0:.1%})"
        for words, row in found
        if row
    ]


def _incomplete(rows: dict[str, dict[str, Row]]) -> list[str]:
    lines = []
    for key, found in rows.items():
        if not key.startswith("incomplete") or COMPLETE not in found:
            continue
        base = found[COMPLETE]["error"]["b"]
        for name, row in found.items():
            if "without" in name:
                fall = 1 - row["error"]["b"] / base
                lines.append(f"{key}, {name}, b's mean 1 - cosine 8 % lower: {_said(fall >= 0.08)} ({fall:.1%})")
    return lines


def _noise(studies: dict[str, list[Row]]) -> list[str]:
    levels = {"bimodal": {"b": 10}, "trimodal": {"b": 20, "c": 10}, "tree": {"b": 8}}
    ratios = [
        float(np.mean(row["noise_each"][name]))
        for key, names in levels.items()
        for row in studies.get(key, [])
        for name in names
        if "noise_each" in row
    ]
    met = bool(ratios) and max(abs(ratio - 1) for ratio in ratios) <= 0.1
    return [f"automatic noise within 10 % at 20 dB and below, means: {_said(met)}"] if ratios else []
