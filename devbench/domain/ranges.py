"""What a stored number or text may be: types that carry their range, checked where run.json is read and written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from annotated_types import Ge, Gt, Le, Predicate

_LARGEST_INT64 = 2**63 - 1
_LARGEST_INT32 = 2**31 - 1


def is_time(text: str) -> bool:
    """Whether `text` is an ISO 8601 time that names its offset from UTC, in a year that calendars agree on."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return False
    return time.tzinfo is not None and 1970 <= time.year < 9999  # noqa: PLR2004


def is_time_or_empty(text: str) -> bool:
    """As `is_time`, or "" for what has not happened yet."""
    return not text or is_time(text)


def is_sha256_or_empty(text: str) -> bool:
    """Whether `text` is a SHA-256 in hexadecimal digits, or "" for none."""
    return not text or (len(text) == 64 and set(text) <= set("0123456789abcdef"))  # noqa: PLR2004


Int64 = Annotated[int, Ge(-_LARGEST_INT64), Le(_LARGEST_INT64)]
Count = Annotated[int, Ge(0), Le(_LARGEST_INT64)]
Samples = Annotated[int, Ge(0), Le(_LARGEST_INT32)]  # their number in a phase: samples.parquet counts them in int32
SomeSamples = Annotated[int, Ge(1), Le(_LARGEST_INT32)]
RoundIndex = Annotated[int, Ge(0), Le(2**15 - 1)]  # int16 there
AtLeastOne = Annotated[int, Ge(1), Le(_LARGEST_INT64)]
Seconds = Annotated[float, Ge(0.0), Le(1e12)]
NotNegative = Annotated[float, Ge(0.0)]
Positive = Annotated[float, Gt(0.0)]
Milliseconds = Annotated[float, Ge(1e-7), Le(1e13)]  # of a sample: from 1 ns, with room for rounding, to an int64
Time = Annotated[str, Predicate(is_time)]
TimeOrEmpty = Annotated[str, Predicate(is_time_or_empty)]
Sha256OrEmpty = Annotated[str, Predicate(is_sha256_or_empty)]
