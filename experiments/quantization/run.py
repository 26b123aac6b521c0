"""Weights and biases in 8 bits: rounded after training, and trained for it.

Trains Kronecker networks on USPS and MNIST rows, in float; rounds them; fine-tunes them with rounding in the loop for a
few epochs, at a rate chosen on a part of the training data; and trains them anew with rounding in the last part. Keeps
what is measured in the work folder, a file a network and seed, so that a run goes on where it stopped. Writes
results.json and results.md beside this file. The data are looked for in --data, or in the folder that the environment
variable LACONIC_DATA names; they do not come with laconic.
"""

import argparse
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from measure import NETWORKS, Split, measured, read, tiny
from page import page

import laconic
from laconic.cli.machine import machine
from laconic.core.files import atomic_write_text, write_json

HERE = Path(__file__).parent


def main() -> None:
    """Run the experiment."""
    options = arguments()
    torch.set_num_threads(1)
    rows = list[dict[str, Any]]()
    for network in NETWORKS.values():
        for seed in range(1 if options.smoke else network.seeds):
            if re.search(options.only, network.key):
                split = Split.of(*(tiny() if options.smoke else read(options.data, network.data)), seed)
                rows.append(kept(options, f"{network.key}-{seed}", network, split, seed))
    if options.trained:
        network = NETWORKS["mnist-lstm"]
        split = Split.of(*(tiny() if options.smoke else read(options.data, network.data)), 0)
        rows.append(kept(options, "mnist-lstm-trained", network, split, 0, options.trained))
    write(options, rows)


def kept(options: argparse.Namespace, name: str, *arguments: Any) -> dict[str, Any]:
    """Return what was measured of one network before, or measure it."""
    path = options.work / f"{name}.json"
    if not path.exists():
        options.work.mkdir(parents=True, exist_ok=True)
        write_json(path, measured(options.work, name, options.smoke, *arguments))
        print(f"{name} is done", flush=True)
    row: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return row


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("LACONIC_DATA"), help="folder of the data")
    parser.add_argument("--only", default="", help="only networks whose names match this regular expression")
    parser.add_argument("--trained", type=Path, help="a saved float classifier of MNIST rows, to be fine-tuned too")
    parser.add_argument("--work", type=Path, default=Path("quantization_cells"), help="folder of the measurements")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    small = "small made-up data, one epoch, one seed; give another --work and --out"
    parser.add_argument("--smoke", action="store_true", help=small)
    return parser.parse_args()


def write(options: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    results = {
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": "python experiments/quantization/run.py --data FOLDER"
        + (" --trained MODEL" if options.trained else ""),
        "machine": machine(),
        "rows": rows,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "results.json", results)
    atomic_write_text(options.out / "results.md", page(results))
    print(page(results))


if __name__ == "__main__":
    main()
