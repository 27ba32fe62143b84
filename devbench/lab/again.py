"""What looks like a change is measured again: in fresh rounds, at another time of the night, in runs of their own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from devbench.domain.history import Again
from devbench.domain.lab import PlaceKey
from devbench.domain.night import LevelChange, Night
from devbench.domain.run import Request
from devbench.errors import DevbenchError
from devbench.history.state import State, state_of
from devbench.history.store import History
from devbench.history.watch import MOST_SESSIONS, judge_again, look_for_changes, to_measure_again
from devbench.lab.before import Earlier, run_in, suite_of
from devbench.lab.laboratory import Laboratory
from devbench.lab.record import NightBook
from devbench.lab.reserving import Boards
from devbench.run.groups import longest_s
from devbench.stats.step import FEWEST_BEFORE

LOOKED, AGAIN = "looked", "again"
_LEAST_S = 10.0  # for which a session is begun
_POLL_S = 1.0
_TURNS_S = 120.0  # for old and new of one figure in turns


@dataclass(kw_only=True)
class _Session:
    """Figures that are measured in one run. old: the suite of before, where old and new are to be measured in turns.

    pythons: the interpreters of before, as for `Side`.
    """

    new: Request
    old: Request | None
    figures: list[Again] = field(default_factory=list)
    pythons: dict[tuple[str, str, str], str] = field(default_factory=dict)


@dataclass
class Verification:
    """The changes of one night: looked for, measured again, judged.

    boards: what is reserved for the night. left_s: seconds until it is over.
    """

    laboratory: Laboratory
    book: NightBook
    history: History
    boards: Boards
    left_s: Callable[[], float]

    def look(self) -> None:
        """What looks like a change, into the night and the history."""
        night = self.book.night
        if self.book.is_done(LOOKED):
            return
        found = tuple(look_for_changes(self.history, night.id))
        state = state_of(self.history, night.id)
        self.book.change(
            lambda one: replace(
                one,
                changes=found,
                watched=state.watched,
                earlier_nights=_nights_before(state),
                needed_nights=FEWEST_BEFORE,
            )
        )
        self.history.keep(night.id, found)
        self.book.mark(LOOKED)

    def measure_again(self) -> None:
        """Until each is confirmed or refuted, or there is no time or no session left."""
        number = _sessions_so_far(self.book.night)
        self.boards.keep_only((one.key.device, one.key.place) for one in self._wanted())
        while number < MOST_SESSIONS and self._waiting and self._pause(number):
            number += 1
            runs = self._session(number)
            if not runs:
                break
            self._judge(runs)
        if left := len(self._waiting):
            self.book.note(
                f"{left} possible changes were not decided tonight: they are measured again in the next night"
            )
        self.book.mark(AGAIN)

    @property
    def _waiting(self) -> list[LevelChange]:
        return [one for one in self.book.night.changes if one.status == "waiting"]

    def _pause(self, number: int) -> bool:
        """Wait until it is another time; whether there is time left for a session."""
        share_s = self.left_s() / (MOST_SESSIONS - number + 1)
        until_s = time.monotonic() + min(self.laboratory.nights.pause_s, share_s)
        while time.monotonic() < until_s and self.left_s() > _LEAST_S:
            time.sleep(min(_POLL_S, max(until_s - time.monotonic(), 0.0)))
        return self.left_s() > _LEAST_S

    def _wanted(self) -> list[Again]:
        night = self.book.night.id
        found = (one for change in self._waiting for one in to_measure_again(self.history, night, change))
        return list(dict.fromkeys(found))

    def _session(self, number: int) -> list[tuple[Again, str]]:
        """A fresh run for each suite, in which groups go on side by side; each figure with the run that it is in."""
        night = self.book.night
        wanted = self._wanted()
        usable = self._usable({(one.key.device, one.key.place): None for one in wanted})
        wanted = [one for one in wanted if (one.key.device, one.key.place) in usable]
        self.laboratory.tell(f"measured again, session {number}: {len(wanted)} figures")
        earlier = Earlier(
            nights=self.laboratory.nights.folder, place=self.laboratory.place, look=self.laboratory.context.look
        )
        sessions: dict[tuple[Request, Request | None], _Session] = {}
        for one in wanted:
            if run := run_in(one.folder):
                new, before = suite_of(run), earlier.of(one, run)
                if before.gone:
                    self._note_gone(one, before.gone)
                old = (before.request or new) if before.in_turns else None
                session = sessions.setdefault((new, old), _Session(new=new, old=old))
                session.figures.append(one)
                if before.python:
                    session.pythons[one.key.device, one.key.place, one.key.runtime] = before.python
        done: list[tuple[Again, str]] = []
        for session in sessions.values():
            relative = _free(self.book.folder, f"again/{night.id}-again-{number}")
            try:
                self._measure(session, self.book.folder / relative)
            except DevbenchError as error:
                self.book.note(f"measuring again failed: {error.message}")
            else:
                done += [(one, relative) for one in session.figures]
        return done

    def _note_gone(self, one: Again, what: str) -> None:
        where = f"{one.key.device} {one.key.place}"
        self.book.note(f"{where}: {what}, which measured before, is not there any more: only the new one was measured")

    def _usable(self, keys: Iterable[PlaceKey]) -> set[PlaceKey]:
        """Those of these places that are well tonight, and ours."""
        good = {(one.device, one.place) for one in self.book.night.places if one.health_after == "good"}
        found = set()
        for key in keys:
            if key not in good:
                continue
            if why := self.boards.missing(key):
                self.book.note(f"{' '.join(key)}: not measured again: {why}")
            else:
                found.add(key)
        return found

    def _measure(self, session: _Session, folder: Path) -> None:
        """These figures anew; where something else measured them before the change, both in turns."""
        figures = session.figures

        def narrowed(asked: Request) -> Request:
            return replace(
                asked,
                models=tuple(dict.fromkeys(one.key.model for one in figures)),
                devices=tuple(dict.fromkeys(one.key.device for one in figures)),
                places=tuple(dict.fromkeys((one.key.device, one.key.place) for one in figures)),
                night=self.book.night.id,
                purpose="again",
            )

        if session.old is None:
            self.laboratory.measure(narrowed(session.new), "suite", folder, group="again", until_end_s=self.left_s)
            return
        each = Counter((one.key.device, one.key.place) for one in figures)
        in_turns = longest_s(each, [group.places for group in self.book.night.groups])
        self.laboratory.measure_in_turns(
            narrowed(session.old),
            narrowed(session.new),
            folder,
            pythons=session.pythons,
            budget_s=min(_TURNS_S * in_turns, self.left_s()),
        )

    def _judge(self, runs: Sequence[tuple[Again, str]]) -> None:
        night = self.book.night
        changes: list[LevelChange] = []
        for change in night.changes:
            if change.status == "waiting":
                keys = {one.key for one in to_measure_again(self.history, night.id, change)}
                if names := tuple(dict.fromkeys(folder for one, folder in runs if one.key in keys)):
                    folders = [self.book.folder / name for name in names]
                    judged = judge_again(self.history, night.id, change, folders)
                    change = replace(judged, again=tuple(dict.fromkeys((*change.again, *names))))  # noqa: PLW2901
            changes.append(change)
        self.book.change(lambda one: replace(one, changes=tuple(changes)))
        self.history.keep(night.id, changes)


def _nights_before(state: State) -> int:
    """How many nights the series of tonight that has most of them has before tonight."""
    known = np.isfinite(state.values)
    tonight = known[known[:, -1]] if known.size else known
    return int(tonight[:, :-1].sum(axis=1).max()) if len(tonight) else 0


def _sessions_so_far(night: Night) -> int:
    """Those that a night which was ended in the middle has had."""
    names = (Path(name).name for change in night.changes for name in change.again)
    numbers = [name.partition("-again-")[2].partition(".")[0] for name in names]
    return max((int(one) for one in numbers if one.isdecimal()), default=0)


def _free(base: Path, relative: str) -> str:
    """A name that no session has begun with: one that was ended in the middle is not gone on with."""
    number, found = 1, relative
    while (base / found).exists():
        number += 1
        found = f"{relative}.{number}"
    return found
