"""What a statement about the Edge TPU compiler rests on, and what follows from it: mapped, left, or not known.

Nobody outside Google has the compiler's rules. What is known comes from Coral's own table, from files that Google
published before and after compiling, from compiler logs in public reports, and from memory. A statement that rests
on memory, or on one report of an older compiler, decides nothing: the operation's fate is then not known.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from devbench import Operation

CORAL = "Coral's table of supported operations, runtime 14"
CORAL_OLDER = "an older copy of Coral's table"
_SEEN = Path(__file__).with_name("seen.csv")


class Evidence(StrEnum):
    """Where a statement comes from, best first."""

    DOCUMENTED = "documented"
    SEEN_MAPPED = "seen mapped"
    SEEN_LEFT = "seen left"
    REPORTED = "reported"
    MEMORY = "from memory"


class Fate(StrEnum):
    """What the compiler does with an operation that it can reach."""

    MAPPED = "mapped"
    LEFT = "left on the CPU"
    UNKNOWN = "not known"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit of a kind of operation.

    rule: what must hold, for people. broken: what an operation breaks of it, "" if it keeps it.
    source: where the evidence is to be found. fate: of an operation that breaks it.
    """

    rule: str
    broken: Callable[[Operation], str]
    evidence: Evidence
    source: str
    fate: Fate = Fate.LEFT


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of operation that the compiler maps.

    since: the oldest Edge TPU runtime that has it, 0 if any. fate: of one that keeps within all limits.
    """

    evidence: Evidence = Evidence.DOCUMENTED
    source: str = CORAL
    since: int = 0
    limits: tuple[Limit, ...] = ()
    fate: Fate = Fate.MAPPED


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the compiler is expected to do with one operation, why, and what that rests on."""

    fate: Fate
    reason: str
    evidence: Evidence
    source: str = ""

    @property
    def because(self) -> str:
        """The reason with its evidence."""
        return f"{self.reason} ({self.evidence}{': ' if self.source else ''}{self.source})"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What real files show of a kind of operation: how many different ones were mapped, and the largest tensor."""

    mapped: int
    left: int
    files: int
    largest: int


@cache
def seen() -> Mapping[str, Seen]:
    """By name of the operation, from public pairs of files of which one is compiled from the other."""
    with _SEEN.open(newline="") as file:
        return {
            row["operation"]: Seen(**{name: int(row[name]) for name in ("mapped", "left", "files", "largest")})
            for row in csv.DictReader(line for line in file if not line.startswith("#"))
        }
