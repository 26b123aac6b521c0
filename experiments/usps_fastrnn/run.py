"""USPS row by row: a FastRNN of 32 units, and every way to 1.63 KB, over several seeds."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reproduced import main

if __name__ == "__main__":
    main("usps-fastrnn", Path(__file__).parent)
