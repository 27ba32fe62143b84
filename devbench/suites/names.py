"""The name somebody probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

_MOST_GUESSES = 3


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean 'x'?` or the names there are, to follow a message about an unknown name."""
    if guesses := similar(name, known):
        return f"; did you mean {one_of(guesses)}?"
    return f"; known: {', '.join(sorted(known))}" if known else "; none is known"


def similar(name: str, known: Sequence[str]) -> list[str]:
    """The name that differs by a slip or two, or else the few that hold `name` as a part, such as `cpu`."""
    by_lower = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if not close and len(name) > 1:
        close = sorted(one for one in by_lower if name.lower() in one)
    return [by_lower[one] for one in close] if len(close) <= _MOST_GUESSES else []


def one_of(names: Sequence[str]) -> str:
    """`'a', 'b' or 'c'`."""
    quoted = [f"'{name}'" for name in names]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
