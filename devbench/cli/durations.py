"""Times on the command line."""

from __future__ import annotations

import click

from devbench.suites.durations import seconds_of as read_seconds


def seconds_of(text: str) -> float:
    """Seconds of `90 s`, `10 min` or `1.5 h`; anything else is a usage mistake."""
    try:
        return read_seconds(text)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error
