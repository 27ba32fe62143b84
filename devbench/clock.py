"""The time of day. It can be set, for trying out nights that have not come yet; it cannot be skipped or stopped."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from functools import cache

from devbench.errors import DevbenchError


def utc_now() -> datetime:
    """The present time in UTC; with $DEVBENCH_NOW, as if that had been the time when this process first asked."""
    return datetime.now(UTC) + _shift(os.environ.get("DEVBENCH_NOW", ""))


def local_now() -> datetime:
    """The same in this machine's time zone."""
    return utc_now().astimezone()


def stamp() -> str:
    """The present time as records have it: UTC, to the second."""
    return utc_now().isoformat(timespec="seconds")


@cache
def _shift(text: str) -> timedelta:
    if not text:
        return timedelta()
    try:
        asked = datetime.fromisoformat(text)
    except ValueError:
        raise DevbenchError(
            f"DEVBENCH_NOW: '{text}' is not a time", "Write one such as 2026-11-21T02:00:00+00:00, or unset it."
        ) from None
    return asked.astimezone(UTC) - datetime.fromtimestamp(time.time(), UTC)
