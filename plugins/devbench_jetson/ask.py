"""Asks the board that a place is on, here or behind ssh."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devbench import Place, RoundError
from devbench_jetson import board

_LIMIT_S = 90.0  # nvpmodel, asked three times, has 20 s each


def ask(place: Place, what: str) -> Mapping[str, Any]:
    """What `board.py` answers to `what`; a `RoundError` where it cannot be asked, or answers anything else."""
    if place.ssh is None:
        return board.ANSWERS[what](board.tree())
    from devbench import run_there
    from devbench_jetson.answers import checked

    status, out, error = run_there(place, Path(board.__file__), [what], limit_s=_LIMIT_S)
    try:
        return checked(what, out)
    except ValueError:
        text = f"{place.title}: the board cannot be read (exit status {status})"
        raise RoundError(text, phase="settle", log_tail=error) from None
