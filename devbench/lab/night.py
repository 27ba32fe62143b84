"""One night: gold case, measuring, history, changes, and those measured again; saved after each step of each group.

A night that was ended in the middle goes on: what is done is in night.json, and each run folder knows its own rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from devbench.clock import stamp, utc_now
from devbench.domain.lab import PlaceKey
from devbench.domain.night import GoldResult, GroupNight, Night, PlaceNight
from devbench.domain.outcome import Failed, Measured, Skipped
from devbench.domain.run import CaseRecord, Request, Run
from devbench.errors import DevbenchError
from devbench.lab.gold_first import answers, try_gold
from devbench.lab.group_runs import GroupRuns
from devbench.lab.health import DEVBENCH, append_log, changes_for, good_in_a_row, judge, outage_of, read_log
from devbench.lab.laboratory import Laboratory
from devbench.lab.opening import seconds_left
from devbench.lab.record import NightBook, nights_before
from devbench.lab.recover import Ways, recovery_steps
from devbench.lab.reserving import Boards
from devbench.run.lanes import in_lanes

_FOR_AGAIN = 0.1  # of the night, which is kept for measuring again
_MOST_FOR_AGAIN_S = 1200.0
GOLD, MEASURED = "gold", "measured"


@dataclass
class NightRun:
    """One night under way. boards: what is reserved for it. requests: what each suite asks for, by name."""

    laboratory: Laboratory
    book: NightBook
    boards: Boards
    requests: Mapping[str, Request]
    without_gold: set[PlaceKey]
    outage: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.left_s = seconds_left(self.book.night.until_utc)
        self._kept_s = _kept_for_again(self.book.night)

    def measure(self) -> None:
        """Gold cases, then the suites: groups side by side. Raises only what ends the night itself."""
        if not self.book.is_done(GOLD):
            self._in_groups(self._gold)
            self.book.mark(GOLD)
        tried = {(one.device, one.place): one for one in self._tried()}
        for key in tried:
            if self._has_no_board(key) and not self.boards.why_not(key) and self.left_s() > 0:
                self.boards.missing(key)  # a night that goes on has asked nobody yet
        lent = {key for key in tried if self._has_no_board(key) and self._may_be_had(key)}
        results = {key: one.gold for key, one in tried.items() if key not in lent}
        self.outage = outage_of(results, {key: one.health_before for key, one in tried.items()})
        if self.outage:
            self.book.problem(self.outage)
        if not self.book.is_done(MEASURED):
            self._in_groups(self._measure_group)
            self.book.change(_with_neighbours)
            places = self.book.night.places
            if self.left_s() > 0 and any(one.health_after == "good" for one in places) and not _measured(places):
                self.book.problem("nothing was measured: the suites have nothing for these places, or all of it failed")
            self.book.mark(MEASURED)

    def _in_groups(self, work: Callable[[GroupNight], None]) -> None:
        in_lanes([partial(self._guarded, work, group.name) for group in self.book.night.groups])

    def _guarded(self, work: Callable[[GroupNight], None], name: str) -> None:
        """Whatever goes wrong in one group is told, and stops no other."""
        try:
            work(self._group(name))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the night of 200 boards
            text = error.message if isinstance(error, DevbenchError) else f"{type(error).__name__}: {error}"
            self.book.set_group(name, lambda group: replace(group, error=text))
            self.book.problem(f"{name}: {text}")

    def _group(self, name: str) -> GroupNight:
        return next(one for one in self.book.night.groups if one.name == name)

    def _tried(self) -> list[PlaceNight]:
        """The places that nobody keeps out."""
        return [one for one in self.book.night.places if not _is_kept_out(one)]

    def _gold(self, group: GroupNight) -> None:
        for key in group.places:
            place = self.book.place(key)
            if not _is_kept_out(place) and place.gold is None and self.left_s() > 0:
                gold = self._try(key, wait_s=0.0)
                self.book.set_place(key, lambda one, gold=gold: replace(one, gold=gold))  # type: ignore[misc]

    def _try(self, key: PlaceKey, wait_s: float) -> GoldResult | None:
        """The gold case at a place, or whether it answers where there is none for it."""
        if why := self.boards.reserve(key, min(wait_s, max(self.left_s(), 0.0))):
            return GoldResult(passed=None, why=why)
        if key in self.without_gold:
            return answers(self.laboratory, key)
        return try_gold(self.laboratory, key, self.book.folder / "gold", self.book.night.id)

    def _measure_group(self, group: GroupNight) -> None:
        if group.finished_utc:
            return
        if not group.started_utc:
            self.book.set_group(group.name, lambda one: replace(one, started_utc=stamp()))
        lent = [key for key in group.places if self.laboratory.nights.wait_s and self._has_no_board(key)]
        self._measure_places(group, [key for key in group.places if key not in lent])
        for key in lent:  # whoever has it keeps nobody from measuring the others of its group
            self._measure_places(group, [key])
        self.book.set_group(group.name, lambda one: replace(one, finished_utc=stamp()))

    def _measure_places(self, group: GroupNight, keys: Sequence[PlaceKey]) -> None:
        for key in keys:
            if not self.book.place(key).why:
                self._decide(key)
        good = tuple(key for key in keys if self.book.place(key).health_after == "good")
        measuring = GroupRuns(
            laboratory=self.laboratory,
            book=self.book,
            boards=self.boards,
            left_s=self._measuring_left_s,
            lost=self._becomes_unknown,
        )
        runs: list[Run] = []
        for name, request in self.requests.items() if good else ():
            try:
                runs += measuring.measure(group, name, replace(request, places=good))
            except DevbenchError as error:
                text = f"{name}: {error.message}"
                self.book.set_group(group.name, lambda one, text=text: replace(one, error=text))  # type: ignore[misc]
                self.book.problem(f"{group.name}: {text}")
        for key in good:
            self._count(key, [case for run in runs for case in run.cases if (case.device, case.place) == key])

    def _has_no_board(self, key: PlaceKey) -> bool:
        """Whether nothing is decided yet because its board was not available for the gold case."""
        place = self.book.place(key)
        return not place.why and place.gold is not None and place.gold.tries == 0 and place.gold.passed is None

    def _may_be_had(self, key: PlaceKey) -> bool:
        """Whether its board is ours by now, or somebody has it who may give it back."""
        return self.boards.is_taken(key) or not self.boards.why_not(key)

    def _decide(self, key: PlaceKey) -> None:
        """The health of a place for tonight, after all that may be done to get it back; into the log."""
        gold, before = self.book.place(key).gold, self.book.place(key).health_before
        if gold is None and self.left_s() <= 0:
            why = "the night was over before its gold case"
            self.book.set_place(key, lambda one: replace(one, health_after=before, why=why))
            return
        has_time = self.left_s() > 0  # else the night is only closed, maybe hours later
        if has_time and self._has_no_board(key) and self._may_be_had(key):
            gold = self._try(key, self.laboratory.nights.wait_s)
        is_ill = gold is not None and not gold.passed and gold.tries > 0 and not self.outage and before != "bad"
        if gold and has_time and is_ill and not self.boards.missing(key):
            gold = self._recovered(key, gold)
        nights = self.laboratory.nights
        earlier = nights_before(nights.folder, self.book.night.id)
        row = good_in_a_row(key, earlier, nights.good_nights) if before == "bad" else 0
        found = judge(before, gold, outage=self.outage, good_in_a_row=row, good_nights=nights.good_nights)
        self.book.set_place(key, lambda one: replace(one, gold=gold, health_after=found.health, why=found.why))
        self._log(key, found.why)

    def _recovered(self, key: PlaceKey, gold: GoldResult) -> GoldResult:
        """What the gold case says after as many steps of recovery as are needed and allowed."""
        laboratory, place = self.laboratory, self.laboratory.place(key)
        ways = Ways(
            upkeep=laboratory.lab.upkeep_of(place),
            recovery=laboratory.nights.recovery,
            folder=laboratory.lab.path.parent,
            by_labgrid=self.boards.switch_of(key),
            forget=laboratory.runner.forget,
        )
        done = self.book.place(key).recovery
        for step in recovery_steps(place, ways, done, reached=gold.passed is not None):
            laboratory.tell(f"{place.title}: {step.what}{'' if step.worked else f' did not help: {step.why}'}")
            self.book.set_place(key, lambda one, step=step: replace(one, recovery=(*one.recovery, step)))  # type: ignore[misc]
            if step.worked:
                again = self._try(key, 0.0)
                if again is None or again.passed:
                    return again or GoldResult(passed=True, why=f"it answers after a {step.what}")
                gold = again
            if self.left_s() <= 0:
                break
        return gold

    def _measuring_left_s(self) -> float:
        return self.left_s() - self._kept_s

    def _count(self, key: PlaceKey, cases: Sequence[CaseRecord]) -> None:
        """What became of the cases of a place; and whether it was lost with one of them."""
        counts = {kind: sum(isinstance(case.outcome, kind) for case in cases) for kind in (Measured, Failed, Skipped)}
        measured, failed, skipped = counts.values()
        self.book.set_place(key, lambda one: replace(one, measured=measured, failed=failed, skipped=skipped))
        lost = [case.outcome for case in cases if isinstance(case.outcome, Failed) and case.outcome.place_lost]
        if lost and self.book.place(key).health_after == "good":
            self._becomes_unknown(key, f"it was lost while it was measured: {lost[0].error}")

    def _becomes_unknown(self, key: PlaceKey, why: str) -> None:
        self.book.set_place(key, lambda one: replace(one, health_after="unknown", why=why))
        self._log(key, why)

    def _log(self, key: PlaceKey, why: str) -> None:
        """Write the health that the place has now into the log, if it is another than the log has."""
        folder, after = self.laboratory.nights.folder, self.book.place(key).health_after
        lines = [
            replace(one, night=self.book.night.id)
            for one in changes_for([key], read_log(folder), after, why, stamp(), DEVBENCH)
        ]
        append_log(folder, lines)
        for one in lines:
            self.book.log(one)
            self.laboratory.tell(f"{' '.join(key)}: {one.before} → {one.after}: {why}")

    def finish(self) -> None:
        """The night is over: what was to be measured is measured, or there is no time for it."""
        begun = datetime.fromisoformat(self.book.night.started_utc)
        took_s = max((utc_now() - begun).total_seconds(), 0.0)
        self.book.change(lambda night: replace(night, finished_utc=stamp(), took_s=round(took_s, 3)))


def _measured(places: Sequence[PlaceNight]) -> int:
    return sum(one.measured for one in places)


def _is_kept_out(place: PlaceNight) -> bool:
    return bool(place.why) and place.health_after in ("maintenance", "retired")


def _kept_for_again(night: Night) -> float:
    """Seconds at the end of the night in which nothing is measured for the first time."""
    if not night.until_utc:
        return 0.0
    whole = datetime.fromisoformat(night.until_utc) - datetime.fromisoformat(night.started_utc)
    return min(_FOR_AGAIN * whole.total_seconds(), _MOST_FOR_AGAIN_S)


def _with_neighbours(night: Night) -> Night:
    """The night with each group told which others were at work while it was."""
    return replace(night, groups=tuple(replace(one, beside=_beside(one, night.groups)) for one in night.groups))


def _beside(group: GroupNight, groups: Iterable[GroupNight]) -> tuple[str, ...]:
    return tuple(
        other.name
        for other in groups
        if other.name != group.name
        and group.runs
        and other.runs
        and other.started_utc <= group.finished_utc
        and group.started_utc <= other.finished_utc
    )


def exit_status(night: Night) -> int:
    """What the command ends with: 1 the laboratory failed, 5 a place is not well, 4 a change is told, else 0."""
    if night.problems:
        return 1
    return 5 if night.unhealthy else 4 if night.told else 0


def run_folders(night: Night) -> Sequence[str]:
    """The run folders of a night, from its own folder."""
    return tuple(run for group in night.groups for run in group.runs)
