"""MNIST row by row: an LSTM of 40 units, and every way to 4.06 KB, over several seeds."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reproduced import main

if __name__ == "__main__":
    main("mnist-lstm", Path(__file__).parent)
