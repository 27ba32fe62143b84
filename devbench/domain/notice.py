"""Whom a laboratory tells of a night, and how: the entries of `notify` in lab.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NoticeKind = Literal["junit", "github", "page", "prometheus", "command"]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One entry.

    path: of the file that is written; None for the step summary of GitHub, whose path is in the environment.
    command: a program and its arguments; it gets the night as JSON on its stdin. limit_s: how long it may take.
    """

    kind: NoticeKind
    path: Path | None = None
    command: tuple[str, ...] = ()
    limit_s: float = 60.0
