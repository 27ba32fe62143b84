"""Times as one types them: `90 s`, `10 min`, `1.5 h`."""

from __future__ import annotations

import math
import re

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_LONGEST_S = 30 * 24 * 3600.0


def seconds_of(text: str) -> float:
    """Seconds of such a time; a ValueError where it is none, is not positive, or is longer than a month."""
    found = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(s|min|h)\s*", text)
    value = float(found[1]) * _SECONDS[found[2]] if found else math.nan
    if not 0 < value <= _LONGEST_S:
        raise ValueError(f"'{text}' is not a time such as '90 s', '10 min' or '1.5 h'")
    return value
