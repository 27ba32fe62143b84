"""What looks like a change is measured again: in fresh rounds, at another time of the night, in runs of their own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.history import Again
from devbench.domain.lab import PlaceKey
from devbench.domain.night import LevelChange, Night
from devbench.domain.run import Request, Run
from devbench.errors import DevbenchError
from devbench.history.store import History
from devbench.history.watch import MOST_SESSIONS, judge_again, look_for_changes, to_measure_again
from devbench.lab.artifacts import as_before
from devbench.lab.laboratory import Laboratory
from devbench.lab.record import NightBook
from devbench.lab.reserving import Boards
from devbench.run.groups import longest_s
from devbench.store.folder import RunFolder

LOOKED, AGAIN = "looked", "again"
_LEAST_S = 10.0  # for which a session is begun
_POLL_S = 1.0
_TURNS_S = 120.0  # for old and new of one figure in turns


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
        self.book.change(lambda one: replace(one, changes=found))
        self.history.keep(night.id, found)
        self.book.mark(LOOKED)

    def measure_again(self) -> None:
        """Until each is confirmed or refuted, or there is no time or no session left."""
        number = _sessions_so_far(self.book.night)
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

    def _session(self, number: int) -> list[tuple[Again, str]]:
        """A fresh run for each suite, in which groups go on side by side; each figure with the run that it is in."""
        night = self.book.night
        wanted = [one for change in self._waiting for one in to_measure_again(self.history, night.id, change)]
        usable = self._usable({(one.key.device, one.key.place): None for one in wanted})
        wanted = [one for one in dict.fromkeys(wanted) if (one.key.device, one.key.place) in usable]
        self.laboratory.tell(f"measured again, session {number}: {len(wanted)} figures")
        by_suite: dict[tuple[Request, Request | None], list[Again]] = {}
        for one in wanted:
            if run := _run_in(one.folder):
                request = _suite_of(run)
                old = self._before(one, run) if one.beside else None
                by_suite.setdefault((request, old if old != request else None), []).append(one)
        done: list[tuple[Again, str]] = []
        for (request, old), figures in by_suite.items():
            relative = _free(self.book.folder, f"again/{night.id}-again-{number}")
            try:
                self._measure(figures, request, old, self.book.folder / relative)
            except DevbenchError as error:
                self.book.note(f"measuring again failed: {error.message}")
            else:
                done += [(one, relative) for one in figures]
        return done

    def _before(self, one: Again, run: Run) -> Request | None:
        """What was asked before the change: the suite of then, with the model files of then as far as they are kept."""
        old = _run_in(one.beside)
        if old is None:
            return None
        nights = self.laboratory.nights.folder
        before = as_before(_suite_of(old), old.cases, nights)
        return before if before != as_before(_suite_of(run), run.cases, nights) else None

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

    def _measure(self, figures: Sequence[Again], request: Request, old: Request | None, folder: Path) -> None:
        """These figures anew. old: what was asked before the change, where that was something else: both in turns."""

        def narrowed(asked: Request) -> Request:
            return replace(
                asked,
                models=tuple(dict.fromkeys(one.key.model for one in figures)),
                devices=tuple(dict.fromkeys(one.key.device for one in figures)),
                places=tuple(dict.fromkeys((one.key.device, one.key.place) for one in figures)),
                night=self.book.night.id,
                purpose="again",
            )

        if old is None:
            self.laboratory.measure(narrowed(request), "suite", folder, group="again", until_end_s=self.left_s)
        else:
            each = Counter((one.key.device, one.key.place) for one in figures)
            in_turns = longest_s(each, [group.places for group in self.book.night.groups])
            budget_s = min(_TURNS_S * in_turns, self.left_s())
            self.laboratory.measure_in_turns(narrowed(old), narrowed(request), folder, budget_s=budget_s)

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


def _run_in(folder: str) -> Run | None:
    """The run there; None if it is not there any more."""
    try:
        return RunFolder(Path(folder)).load()
    except DevbenchError:
        return None


def _suite_of(run: Run) -> Request:
    """The suite that was asked for, whole."""
    asked = run.request
    return Request(suite_text=asked.suite_text, suite_dir=asked.suite_dir, profile=asked.profile)


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
