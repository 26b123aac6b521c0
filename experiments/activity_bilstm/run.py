"""Activities from a phone: a bidirectional LSTM of 119 units, and every way to 24.8 KB, over several seeds."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reproduced import main

if __name__ == "__main__":
    main("activity-bilstm", Path(__file__).parent)
