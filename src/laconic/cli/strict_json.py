"""JSON as the standard has it."""

import math
from typing import Any


def without_nan(value: Any) -> Any:
    """Return JSON values with None in the place of NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {name: without_nan(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
