"""The results as a Markdown page."""

import statistics
from typing import Any

Row = dict[str, Any]
WAYS = {
    ("float", "float"): "float",
    ("float", "16 bits"): "rounded after training, biases of 16 bits",
    ("float", "8 bits"): "rounded after training, biases of 8 bits",
    ("tuned", "16 bits"): "fine-tuned with rounding, biases stored in 16 bits",
    ("tuned", "8 bits"): "fine-tuned with rounding, biases of 8 bits",
    ("longer", "float"): "float, fine-tuned as long",
    ("longer", "8 bits"): "that, rounded, biases of 8 bits",
    ("anew", "8 bits"): "trained anew, rounding in the last three tenths, biases of 8 bits",
}


def page(results: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    parts = [
        "# Weights and biases in 8 bits",
        f"`{results['command']}`; {results['date']}; laconic {results['laconic']}; {machine}; one thread.",
        "Kronecker networks that read digits row by row: weights in 8 bits, activations in 16, biases as said, by "
        "`laconic.deploy.quantize`. A sixth of the training data is held out: of the rates of fine-tuning the one with "
        "the smallest cross-entropy there is taken, of the network with 8-bit biases. Accuracy is that of the "
        "integers, on all test images; deviations over seeds. Bytes are those of all weights and biases, the "
        "classifier's among them; scales are part of the code. A network that is marked as trained longer was given, "
        "and may have seen what is held out.",
    ]
    for name in dict.fromkeys(row["network"] for row in results["rows"]):
        parts += _section(name, [row for row in results["rows"] if row["network"] == name])
    return "\n\n".join(parts) + "\n"


def _section(name: str, runs: list[Row]) -> list[str]:
    first = runs[0]
    rates = ", ".join(f"{run['rate']:g}" for run in runs)
    words = (
        f"{first['structure']}; {first['epochs']} epochs in float, {first['tuning_epochs']} of fine-tuning; rates "
        f"taken, by seed: {rates}."
    )
    head = "| numbers | bytes | accuracy % | against float | each seed |\n| --- | ---: | ---: | ---: | --- |"
    lines = [_line(words_, [_found(run, key) for run in runs], runs) for key, words_ in WAYS.items()]
    return [f"## {name}", words, "\n".join([head, *(line for line in lines if line)])]


def _found(run: Row, key: tuple[str, str]) -> Row | None:
    return next((row for row in run["rows"] if (row["way"], row["biases"]) == key), None)


def _line(words: str, found: list[Row | None], runs: list[Row]) -> str:
    rows = [row for row in found if row is not None]
    if not rows:
        return ""
    each = [100 * row["accuracy"] for row in rows]
    lost = statistics.mean(each) - statistics.mean(100 * run["rows"][0]["accuracy"] for run in runs)
    spread = f" ± {statistics.stdev(each):.2f}" if len(each) > 1 else ""
    cells = (words, f"{rows[0]['bytes']:,}", f"{statistics.mean(each):.2f}{spread}", f"{lost:+.2f}")
    return f"| {' | '.join(cells)} | {', '.join(f'{one:.2f}' for one in each)} |"
