"""Spoken digits: a GRU of 154 units, and every way to 14.4 KB, over several seeds."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reproduced import main

if __name__ == "__main__":
    main("spoken-gru", Path(__file__).parent)
