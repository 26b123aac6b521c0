"""Draw the README's picture from a run of `laconic compress`: python docs/make_picture.py OUT/metrics.json"""

import json
import sys
from pathlib import Path

from laconic.report.plots import accuracy_against_bytes
from laconic.report.records import read_rows

PICTURE = Path(__file__).parent / "_static" / "compression.png"


def main(metrics_file: str) -> None:
    metrics = json.loads(Path(metrics_file).read_text("utf-8"))
    rows = read_rows(metrics["rows"])
    figure = accuracy_against_bytes(rows, metrics["budget_bytes"], metrics["data"]["n_test"])
    figure.savefig(PICTURE, dpi=160, facecolor="white", bbox_inches="tight")
    print(PICTURE)


if __name__ == "__main__":
    main(*sys.argv[1:])
