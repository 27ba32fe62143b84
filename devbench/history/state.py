"""What is known of all series up to a night: their figures, the parts they share, and which levels they have had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from devbench.domain.history import Floats, KeptChange, night_order
from devbench.domain.night import LevelChange, SeriesKey
from devbench.history.reading import Rows, Which
from devbench.history.series import Nightly, day_before, nightly_of, touches
from devbench.history.store import History
from devbench.stats.candidates import part_shifts
from devbench.stats.changes import Shifts
from devbench.stats.split import PartName, Split, common, indexes, split

DAYS = 90  # that are looked at: 49 nights, and some in which nothing was measured
Indexes = npt.NDArray[np.int64]
_SHARED: dict[PartName, tuple[str, ...]] = {
    "kinds": ("device",),
    "boards": ("device", "place"),
    "cases": ("device", "model", "precision", "runtime", "options"),
}


@dataclass(frozen=True, eq=False)
class State:
    """All series of a history up to a night, the last column.

    values, errors: series × nights; NaN where there is none, or a contaminated one.
    levels: which of its levels a series has had. names: of the groups of each part. group_of: the group of each series,
        by part. starts: the first night of the present level of each group.
    """

    night: str
    keys: tuple[SeriesKey, ...]
    nights: tuple[str, ...]
    nightly: Nightly
    values: Floats
    errors: Floats
    levels: Indexes
    names: dict[PartName, list[SeriesKey]]
    group_of: dict[PartName, Indexes]
    starts: dict[PartName, Indexes]
    kept: tuple[KeptChange, ...]

    @cached_property
    def parts(self) -> Split:
        """The parts that series share."""
        of = self.group_of
        return split(self.values, self.errors, self.levels, of["kinds"], of["boards"], of["cases"])

    @cached_property
    def shifts(self) -> dict[PartName, Shifts]:
        """What the last night says of every part."""
        return part_shifts(self.parts, self.starts, self.group_of["boards"], self.group_of["cases"])

    @property
    def watched(self) -> int:
        """How many series have a figure tonight."""
        return int(np.isfinite(self.values[:, -1]).sum()) if self.values.size else 0

    def index_of(self, night: str) -> int:
        """The first column that is this night, or after it."""
        return sum(night_order(one) < night_order(night) for one in self.nights)

    def others(self, part: PartName) -> Floats:
        """What all parts but this one make of each figure, series × nights."""
        of = self.group_of
        return common(self.parts, of["kinds"], of["boards"], of["cases"], part)


def state_of(history: History, night: str, *, decided: bool = True) -> State:
    """Everything up to and including `night`; without what was decided in it, if so asked. A `DevbenchError`."""
    columns = ("fastest_ms", "within_sd", "verdict")
    rows = history.read(Which(since=day_before(night, DAYS), until=night, columns=columns))
    kept = history.changes(until=night)
    return build(rows, night, [one for one in kept if decided or one.night != night])


def build(rows: Rows, night: str, kept: Sequence[KeptChange]) -> State:
    """The same from rows that were read."""
    if night not in rows.nights:  # nothing was measured: a last column without a figure
        rows = Rows(rows.keys, (*rows.nights, night), rows.series, rows.night, rows.table, rows.notes)
    nightly = nightly_of(rows)
    values, errors = nightly.dense()
    names: dict[PartName, list[SeriesKey]] = {}
    group_of: dict[PartName, Indexes] = {}
    for part, fields in _SHARED.items():
        group_of[part], found = indexes([tuple(getattr(key, name) for name in fields) for key in rows.keys])
        names[part] = [SeriesKey(**dict(zip(fields, one, strict=True))) for one in found]
    group_of["rest"], names["rest"] = np.arange(len(rows.keys)), list(rows.keys)
    confirmed = [one.change for one in last_words(kept) if one.change.status == "confirmed"]
    state = State(
        night=night,
        keys=rows.keys,
        nights=rows.nights,
        nightly=nightly,
        values=values,
        errors=errors,
        levels=np.zeros(values.shape, dtype=np.int64),
        names=names,
        group_of=group_of,
        starts={part: np.zeros(len(found), dtype=np.int64) for part, found in names.items()},
        kept=tuple(kept),
    )
    for change in confirmed:
        _begin_anew(state, change)
    return state


def last_words(kept: Iterable[KeptChange]) -> list[KeptChange]:
    """Of decisions about the same change, the last one."""
    found: dict[tuple[object, ...], KeptChange] = {}
    for one in kept:
        found[one.change.kind, one.change.key, one.change.first_night] = one
    return list(found.values())


def part_of(change: LevelChange) -> PartName:
    """Which part a change was seen in."""
    if change.kind == "board":
        return "boards"
    if change.kind == "odd one out":
        return "rest"
    key = change.key
    return "cases" if key.model or key.precision or key.runtime or key.options else "kinds"


def _begin_anew(state: State, change: LevelChange) -> None:
    """From its first night on, everything that the change touches is on another level."""
    first = state.index_of(change.first_night)
    for number, key in enumerate(state.keys):
        if touches(change.key, key):
            state.levels[number, first:] += 1
    part = part_of(change)
    for number, name in enumerate(state.names[part]):
        if touches(change.key, name):
            state.starts[part][number] = max(state.starts[part][number], first)
