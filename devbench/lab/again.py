"""What looks like a change is measured again: in fresh rounds, at another time of the night, in runs of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from devbench.domain.lab import PlaceKey
from devbench.domain.night import LevelChange, Night
from devbench.domain.run import Request
from devbench.errors import DevbenchError
from devbench.history.store import History
from devbench.history.watch import MOST_SESSIONS, Again, judge_again, look_for_changes, to_measure_again
from devbench.lab.laboratory import Laboratory, slug
from devbench.lab.record import NightBook
from devbench.run.lanes import in_lanes

LOOKED, AGAIN = "looked", "again"
_LEAST_S = 10.0  # for which a session is begun
_POLL_S = 1.0


@dataclass
class Verification:
    """The changes of one night: looked for, measured again, judged. left_s: seconds until the night is over."""

    laboratory: Laboratory
    book: NightBook
    history: History
    requests: Mapping[str, Request]
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
        """One fresh run for each group and suite that has something to be measured; each with what it was for."""
        night = self.book.night
        wanted = [one for change in self._waiting for one in to_measure_again(self.history, night.id, change)]
        jobs: dict[tuple[str, str], list[Again]] = {}
        for one in dict.fromkeys(wanted):
            group = _group_of(night, (one.key.device, one.key.place))
            if group and one.suite in self.requests and self._may(one):
                jobs.setdefault((group, one.suite), []).append(one)
        done: list[tuple[Again, str]] = []
        groups = dict.fromkeys(group for group, _ in jobs)
        self.laboratory.tell(f"measured again, session {number}: {len(set(wanted))} figures")
        in_lanes([partial(self._group, group, jobs, number, done) for group in groups])
        return done

    def _may(self, one: Again) -> bool:
        place = self.book.place((one.key.device, one.key.place))
        return place.health_after == "good"

    def _group(
        self, group: str, jobs: Mapping[tuple[str, str], Sequence[Again]], number: int, done: list[tuple[Again, str]]
    ) -> None:
        for (name, suite), wanted in jobs.items():
            if name != group:
                continue
            try:
                folder = self._measured(suite, wanted, number)
                done += [(one, folder) for one in wanted]
            except DevbenchError as error:
                self.book.note(f"{group}: measuring again failed: {error.message}")

    def _measured(self, suite: str, wanted: Sequence[Again], number: int) -> str:
        """The folder of a fresh run of these, from the night's own."""
        night = self.book.night
        places: tuple[PlaceKey, ...] = tuple(dict.fromkeys((one.key.device, one.key.place) for one in wanted))
        request = replace(
            self.requests[suite],
            models=tuple(dict.fromkeys(one.key.model for one in wanted)),
            devices=tuple(dict.fromkeys(one.key.device for one in wanted)),
            places=places,
            purpose="again",
        )
        name = f"{night.id}-again-{number}-{suite}-{slug(places[0])}"
        relative = _free(self.book.folder, f"again/{name}")
        folder = self.book.folder / relative
        self.laboratory.measure(request, suite, folder, group=" ".join(places[0]), until_end_s=self.left_s)
        return relative

    def _judge(self, runs: Sequence[tuple[Again, str]]) -> None:
        night = self.book.night
        changes: list[LevelChange] = []
        for change in night.changes:
            if change.status == "waiting":
                keys = {one.key for one in to_measure_again(self.history, night.id, change)}
                names = tuple(dict.fromkeys(folder for one, folder in runs if one.key in keys))
                if names:
                    folders = [self.book.folder / name for name in names]
                    judged = judge_again(self.history, night.id, change, folders)
                    change = replace(judged, again=tuple(dict.fromkeys((*change.again, *names))))  # noqa: PLW2901
            changes.append(change)
        self.book.change(lambda one: replace(one, changes=tuple(changes)))
        self.history.keep(night.id, changes)


def _group_of(night: Night, key: PlaceKey) -> str:
    return next((group.name for group in night.groups if key in group.places), "")


def _sessions_so_far(night: Night) -> int:
    """Those that a night which was ended in the middle has had."""
    names = (Path(name).name for change in night.changes for name in change.again)
    numbers = [name.partition("-again-")[2].partition("-")[0] for name in names]
    return max((int(one) for one in numbers if one.isdecimal()), default=0)


def _free(base: Path, relative: str) -> str:
    """A name that no session has begun with: one that was ended in the middle is not gone on with."""
    number, found = 1, relative
    while (base / found).exists():
        number += 1
        found = f"{relative}.{number}"
    return found
