"""One thing that was looked at, and what to do about it: `devbench doctor` prints them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at.

    good: None where it cannot be seen.
    hint: what to type or do; with `good` True it is a note: nothing is wrong, yet one should know.
    """

    name: str
    good: bool | None
    text: str
    hint: str = ""
