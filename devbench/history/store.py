"""The door of this room: a history is a folder; runs are added to it, and what was decided about changes is kept in it.

It is an index and not the record: the run folders are. `gather.rebuild` makes it again from them.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter, ValidationError

from devbench.clock import utc_now
from devbench.domain.history import KeptChange, is_night, night_order
from devbench.domain.night import LevelChange
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord, Run
from devbench.errors import DamagedError, DevbenchError
from devbench.history.columns import rows_of, run_key, table_of
from devbench.history.files import CHANGES, MONTHS, RUNS, FileName, checked_bytes, encoded, listed, put
from devbench.history.reading import Rows, Which, newest, read
from devbench.stats.between_runs import Spread
from devbench.stats.round_median import round_medians
from devbench.stats.undisturbed import undisturbed_time

if TYPE_CHECKING:
    from devbench.store.folder import RunFolder

Purpose = Literal["", "again", "gold"]
_JSON = ".json"


@cache
def _decisions() -> TypeAdapter[KeptChange]:
    return TypeAdapter(KeptChange)


class History:
    """The history in the folder at `path`, which is made with the first run. notes: what of it could not be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._notes: dict[str, None] = {}
        self._folded: dict[Path, set[tuple[str, str]]] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be read so far, and why: each once."""
        return tuple(self._notes)

    def append(self, folder: Path, night: str = "", purpose: Purpose = "") -> bool:
        """Add the run in `folder`; whether it was new. The same run twice is one run.

        night, purpose: for a run whose own record does not say. A run of no night is of the day on which it began, UTC.
        A run that was continued since is added again, and the newer one counts. Raises a `DevbenchError`.
        """
        from devbench.store.folder import RunFolder  # no question needs it

        run_folder = RunFolder(folder)
        return self.add(_with_undisturbed(run_folder.load(), run_folder), folder, night, purpose)

    def add(self, run: Run, folder: Path, night: str = "", purpose: Purpose = "") -> bool:
        """The same of a run that was read; `folder` is where it stands."""
        night = run.request.night or night or _day_of(run)
        if not is_night(night):
            raise DevbenchError(f"{folder}: '{night}' is not a night", "A night is called such as 2026-11-21.")
        series, rows = rows_of(run, night, run.request.purpose or purpose, str(folder.resolve()))
        if not rows:
            return False
        measured = sum(row["status"] == "measured" for row in rows)
        self._note_clock(run, folder)
        data = encoded(table_of(rows), series, measured=measured, finished=bool(run.finished_utc))
        key = run_key(run)
        with self._disk_errors():
            if self._has(key, hashlib.sha256(data).hexdigest()[:16], night):
                return False
            return put(self.path / RUNS, night, key, data)[1]

    def read(self, which: Which | None = None) -> Rows:
        """The rows that are wanted. What cannot be read is left out and in `notes`. Raises a `DevbenchError`."""
        with self._disk_errors():
            rows = read(self.path, which or Which())
        self._notes |= dict.fromkeys(rows.notes)
        return rows

    def last_night(self) -> str:
        """The last night of which there is anything; "" if there is none.

        A night that is still to come was written by a wrong clock: it counts only if there is no other.
        """
        with self._disk_errors():
            nights = _not_to_come([name.what for name, _ in listed(self.path / RUNS)])
            months = _not_to_come([name.what for name, _ in listed(self.path / MONTHS)])
        if months and (not nights or max(months) >= max(nights, key=night_order)[:7]):
            nights += self.read(Which(since=f"{max(months)}-01", purposes=("", "again", "gold"))).nights
        return max(_not_to_come(nights), key=night_order, default="")

    def keep(self, night: str, changes: Iterable[LevelChange]) -> None:
        """Keep what was decided in this night; nothing is ever taken back, the last word counts."""
        with self._disk_errors():
            for change in changes:
                kept = KeptChange(night=night, change=change)
                number = f"{len(listed(self.path / CHANGES, _JSON)):06d}"
                put(self.path / CHANGES, night, number, _decisions().dump_json(kept, indent=2) + b"\n", _JSON)

    def changes(self, until: str = "") -> tuple[KeptChange, ...]:
        """Every decision that was kept, up to the night `until`, in the order in which they were made."""
        found = []
        with self._disk_errors():
            for name, path in sorted(listed(self.path / CHANGES, _JSON), key=_in_order):
                kept = self._kept(name, path)
                if kept and not (until and night_order(kept.night) > night_order(until)):
                    found.append(kept)
        return tuple(found)

    def _kept(self, name: FileName, path: Path) -> KeptChange | None:
        try:
            return _decisions().validate_json(checked_bytes(name, path))
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self._notes[error.message] = None
        except ValidationError:
            self._notes[f"{path}: is not a decision of this devbench"] = None
        return None

    def _has(self, key: str, checksum: str, night: str) -> bool:
        """Whether exactly this is in a month. A month's file never changes, so it is read once."""
        files = [file for file in listed(self.path / MONTHS) if file[0].what == night[:7]]
        if not files:
            return False
        if files[-1][1] not in self._folded:
            notes: list[str] = []
            found = newest(files, notes)
            self._notes |= dict.fromkeys(notes)
            self._folded[files[-1][1]] = {(one.key, one.sum) for one in found.runs} if found else set()
        return (key, checksum) in self._folded[files[-1][1]]

    def _note_clock(self, run: Run, folder: Path) -> None:
        """Clocks of hosts differ, and jump. What follows from them is said; the row keeps what its run says."""
        begun = datetime.fromisoformat(run.started_utc)
        if run.finished_utc and datetime.fromisoformat(run.finished_utc) < begun:
            self._notes[f"{folder}: ended before it began, by the clock of its host: the clock was set meanwhile"] = (
                None
            )
        if (begun - utc_now()).total_seconds() > 24 * 3600:
            self._notes[f"{folder}: began at {run.started_utc}, which is more than a day from now: a wrong clock?"] = (
                None
            )

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self.path
            raise DevbenchError(
                f"{where}: the history cannot be read or written: {error.strerror or error}",
                "The runs are safe in their folders. `devbench history import RUN…` adds them later.",
            ) from error


def _not_to_come(names: list[str]) -> list[str]:
    """Of nights or months those that have begun somewhere on earth; all of them if none has."""
    tomorrow = (utc_now() + timedelta(days=1)).date().isoformat()
    return [name for name in names if name[:10] <= tomorrow[: len(name[:10])]] or names


def _in_order(file: tuple[FileName, Path]) -> tuple[tuple[str, int], str, str]:
    name = file[0]
    return (night_order(name.what) if is_night(name.what) else ("", 0)), name.key, name.sum


def _day_of(run: Run) -> str:
    return f"{datetime.fromisoformat(run.started_utc).astimezone(UTC):%Y-%m-%d}"


def _with_undisturbed(run: Run, folder: RunFolder) -> Run:
    """The run with the undisturbed figures that runs of before did not have, made from their samples."""
    cases = [_made_up_for(run, case, folder) if _lacks(case) else case for case in run.cases]
    return replace(run, cases=tuple(cases))


def _lacks(case: CaseRecord) -> bool:
    measured = isinstance(case.outcome, Measured)
    return measured and case.outcome.summary.fastest_ms is None and len(case.counting) > 1  # type: ignore[union-attr]


def _made_up_for(run: Run, case: CaseRecord, folder: RunFolder) -> CaseRecord:
    outcome = case.outcome
    assert isinstance(outcome, Measured)
    try:
        samples = folder.samples(run, case.id)
    except DevbenchError:
        return case
    rounds = [samples[about.index] for about in case.counting]
    alone = undisturbed_time(round_medians(rounds), Spread(log_sd=0.0, degrees_of_freedom=3.0, runs=0))
    if not alone:
        return case
    # The interval within the run stands for both ends: which spread to add is not in the record of such a run.
    summary = replace(
        outcome.summary,
        fastest_ms=alone.estimate / 1e6,
        fastest_low_ms=alone.low / 1e6,
        fastest_high_ms=alone.high / 1e6,
    )
    return replace(case, outcome=replace(outcome, summary=summary), between_runs=None)
