"""What was to be reached, and whether it was; where we lose."""

from typing import Any

from methods import CLASSIFIER

Row = dict[str, Any]
FLOORS = {"mfeat6": 0.98, "cub": 0.908}


def verdict(rows: list[Row]) -> str:
    """Return one line a goal, and one for each comparison with the best of the others."""
    found = [_floor(key, floor, row) for key, floor in FLOORS.items() if (row := _ours(rows, key))]
    for key in dict.fromkeys(row["set"] for row in rows):
        ours = _ours(rows, key)
        found += [_single(rows, key, ours), *_beside(rows, key, ours)] if ours else []
    return "\n".join(f"- {line}" for line in found if line)


def _ours(rows: list[Row], key: str) -> Row | None:
    return next((row for row in rows if row["set"] == key and row["line"] == CLASSIFIER), None)


def _floor(key: str, floor: float, row: Row) -> str:
    found = row["accuracy"]["0"]
    return f"{key}, all views, at least {floor:g}: {'met' if found >= floor else 'not met'} ({found:.3f})"


def _single(rows: list[Row], key: str, ours: Row) -> str:
    """Return our line on all views beside the best view alone, of whichever method."""
    alone = [row for row in rows if row["set"] == key and row["view"]]
    if not alone:
        return ""
    best, mine = max(alone, key=lambda row: row["accuracy"]["0"]), ours["accuracy"]["0"]
    return f"{key}: all views {mine:.3f}, the best view alone {best['accuracy']['0']:.3f} ({best['line']})"


def _beside(rows: list[Row], key: str, ours: Row) -> list[str]:
    """Return by number of missing views our accuracy and the best of the others."""
    others = [row for row in rows if row["set"] == key and not row["view"] and not row["line"].startswith("laconic")]
    lines = []
    for count, mine in ours["accuracy"].items() if others else ():
        best = max(others, key=lambda row: row["accuracy"][count])
        theirs = best["accuracy"][count]
        word = "above" if mine > theirs else "below" if mine < theirs else "equal to"
        lines.append(f"{key}, {count} missing: {mine:.3f}, {word} {theirs:.3f} ({best['line']})")
    return lines
