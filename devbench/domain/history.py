"""History: how the figure of one case on one place went over months, and what was decided about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from devbench.domain.night import LevelChange, SeriesKey

if TYPE_CHECKING:  # every command loads the domain, and few need numpy
    import numpy as np
    import numpy.typing as npt

Floats: TypeAlias = "npt.NDArray[np.float64]"
Booleans: TypeAlias = "npt.NDArray[np.bool_]"

_NIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:-([1-9][0-9]{0,5}))?")


def is_night(text: str) -> bool:
    """Whether `text` can be the id of a night: `2026-11-21`, or `2026-11-21-2` for the second that day."""
    return _NIGHT.fullmatch(text) is not None


def night_order(night: str) -> tuple[str, int]:
    """What nights are sorted by: the tenth of a day comes after the second. A ValueError for anything else."""
    found = _NIGHT.fullmatch(night)
    if not found:
        raise ValueError(f"'{night}' is not a night such as 2026-11-21")
    return found[1], int(found[2] or 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One case on one place over nights. The arrays have an element for each night; NaN is "not known".

    nights: their ids, oldest first.
    undisturbed_ms: the time of an inference that nothing disturbs. low_ms, high_ms: its 99 % interval, measured again
        on this machine.
    doubtful: contaminated nights, which have no weight.
    versions: what is new from a night on: the night, and a text such as "runtime 2.1.0 → 2.1.1".
    again_nights: in which it was also measured again, to see whether a change was real.
    changes: those that were decided about it, the first one first.
    """

    key: SeriesKey
    nights: tuple[str, ...]
    undisturbed_ms: Floats
    low_ms: Floats
    high_ms: Floats
    median_ms: Floats
    temperature_c: Floats
    doubtful: Booleans
    versions: tuple[tuple[str, str], ...] = ()
    again_nights: tuple[str, ...] = ()
    changes: tuple[LevelChange, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KeptChange:
    """A decision about a change. night: the one that it was made in."""

    night: str
    change: LevelChange


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Why one part of a series is a candidate for a change in a night, or is not: the numbers that decide.

    part: what it is the level of, in words. impossible: why nothing can be said of it; "" where the numbers are known.
    change, low, high: the new level over the one before, with its 95 % interval. nights, nights_before: that these are
        of. first_night, last_night: of the new level, and of the one before.
    z: standard errors between them. beyond_line: what of that no straight line explains.
    least, needed_z, needed_beyond_line: what each must reach.
    spread: standard deviation between nights, as a share. correlation: of a night with the one before.
    drift: what a straight line through the last `drift_nights` rises by. slow: whether it is a candidate by that.
    """

    part: str
    impossible: str = ""
    candidate: bool = False
    change: float = 1.0
    low: float = 1.0
    high: float = 1.0
    nights: int = 0
    nights_before: int = 0
    first_night: str = ""
    last_night: str = ""
    z: float = 0.0
    beyond_line: float = 0.0
    least: float = 0.0
    needed_z: float = 0.0
    needed_beyond_line: float = 0.0
    spread: float = 0.0
    correlation: float = 0.0
    drift: float = 0.0
    drift_nights: int = 0
    slow: bool = False


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why there was an alarm about a series in a night, or why none.

    figure_ms: of the night; None if there is none that counts. own_error: its standard error as a share.
    level_ms: the middle of the nights before at its present level, of which there are `nights`; None without any.
    left_out: contaminated nights of these. kept: what was decided about it so far.
    """

    key: SeriesKey
    night: str
    figure_ms: float | None
    own_error: float | None
    level_ms: float | None
    nights: int
    left_out: tuple[str, ...]
    decisions: tuple[Decision, ...]
    kept: tuple[KeptChange, ...]


@dataclass(frozen=True, kw_only=True)
class Again:
    """What to measure in a fresh session, to see whether a change is real.

    suite, case, folder: where it stands: its suite, its id there, and tonight's run folder.
    beside: the run folder of the last good night where the artifact, the runtime or the firmware differs, so that old
        and new can be measured in turns; "" where there is nothing to measure beside it.
    """

    key: SeriesKey
    suite: str
    case: str
    folder: str
    beside: str = ""
