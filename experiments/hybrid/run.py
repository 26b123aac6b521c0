"""Hybrid products at a tenth and a twentieth of a layer, and every rival at the same bytes, on two benchmarks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reproduced import main_of_several

NAMES = ("usps-hybrid-10", "usps-hybrid-20", "spoken-hybrid-10", "spoken-hybrid-20")

if __name__ == "__main__":
    main_of_several(NAMES, Path(__file__).parent)
