"""Runs the rounds of a run, those of one group of places one after the other, and saves after each."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from devbench.domain.case import Case, PlannedCase
from devbench.domain.change import ChangeAt
from devbench.domain.measure import Measure
from devbench.domain.outcome import Failed, Measured, Nanoseconds, OutputTensor, Prediction, Round, Skipped
from devbench.domain.place import Place
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.errors import DevbenchError, RecordError, RoundError, RunFolderError
from devbench.models.prediction import predict, read_labels
from devbench.plugin.manager import Plugins
from devbench.run.accuracy import Evaluator
from devbench.run.changes import Hold, changes_of, held, machine_key
from devbench.run.context import Carry
from devbench.run.extend import judged, without_more_rounds
from devbench.run.groups import Group
from devbench.run.lanes import in_lanes
from devbench.run.lost import Discovered
from devbench.run.planning import AsPlanned, Done
from devbench.run.progress import Progress
from devbench.run.summary import outcome_of
from devbench.store.earlier_runs import EarlierRuns
from devbench.store.folder import RunFolder

NOT_TIMED = "not timed: only its accuracy was asked for"


@dataclass
class Execution:
    """One run under way. `run` is at every moment what run.json says.

    place_of: where a case is measured, with its interpreter. carry: takes files to a place. groups: of places that take
    turns; several go on side by side, each in a thread. Only who has the lock may look at `run` or at what the planner
    knows; none has it while a worker is at work.
    """

    run: Run
    cases: Mapping[str, Case]
    places: Mapping[tuple[str, str], Place]
    place_of: Callable[[PlannedCase], Place]
    folder: RunFolder
    plugins: Plugins
    progress: Progress
    hold: Hold
    earlier: EarlierRuns
    planner: AsPlanned
    carry: Carry
    groups: Sequence[Group]
    evaluator: Evaluator

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._group_of = {key: group.name for group in self.groups for key in group.places}
        self.planner.lane_of = lambda planned: self._group_of[planned.device, planned.place]
        self.planner.variance_before = lambda case: self.earlier.variance_of_rounds(case, self._name)
        self._discovered = Discovered(self.plugins.registry, self.places.values())

    def finish(self) -> Run:
        """Run every round that is still to run, then close the run; the run, complete."""
        self._learn_again()
        with held(self._changes(), self.hold, self._refused):
            self._make_ready()
            self._rounds()
            done = -1
            while self._done > done and (longer := self.planner.more(self.run, self._samples)):
                done = self._done  # a lap of which no round is done is the last one
                self._save(longer)
                self._rounds()
            self.evaluator.ask_all(self.run, self.cases, self.places, self.folder, self._save)
        self._save(judged(self.run, self._samples))
        for record in self.run.cases:
            if isinstance(record.outcome, Pending):
                self._close(record)
        self.run = self.folder.finish(self.run)
        self._remember()
        return self.run

    @property
    def _done(self) -> int:
        return sum(len(case.rounds) for case in self.run.cases)

    def _learn_again(self) -> None:
        """What the rounds that were done before a run was taken up again have shown."""
        for record in self.run.cases:
            if record.id in self.cases and record.rounds:
                planned, samples = self.cases[record.id].planned, self._samples(record.id)
                for about in record.rounds:
                    done = Done.of(about, samples[about.index], about.duration_s)
                    self.planner.learn(planned, planned.measure, done)

    def _remember(self) -> None:
        """Keep what later runs learn the spread between runs from. The run is saved: nothing here may undo that."""
        measured = [case for case in self.run.cases if isinstance(case.outcome, Measured)]
        try:
            self.earlier.add(self._name, {case.id: (case, self._counting(case)) for case in measured})
        except (OSError, RunFolderError) as error:
            self.progress.detail(f"not remembered for later runs: {error}")

    @property
    def _name(self) -> str:
        """Of this run among those of its places: folders are often called alike."""
        return f"{self.run.id} {self.run.started_utc}"

    def _counting(self, case: CaseRecord) -> list[Nanoseconds]:
        samples = self._samples(case.id)
        return [samples[about.index] for about in case.counting]

    def _changes(self) -> list[ChangeAt]:
        """What the places that are still to be measured want changed; the cases of those that cannot say it fail."""
        if not any(self.planner.fits(case.planned) for case in self.cases.values()):
            return []  # a run that is only closed
        wanted = {(case.planned.device, case.planned.place): None for case in self.cases.values()}
        changes, failed = changes_of([self.places[key] for key in wanted], self.plugins.registry)
        for place, error in failed:
            for case in self.cases.values():
                if (case.planned.device, case.planned.place) == (place.device, place.name):
                    self._fail(case.id, RoundError(error.message, error.hint, phase="settle"))
        return changes

    def _refused(self, place: Place, error: DevbenchError) -> None:
        """A machine has not taken its settings: the cases of who asked for them fail, and all others go on."""
        asking = ((key, one) for key, one in self.places.items() if one.settle)
        places = {key for key, one in asking if machine_key(one) == machine_key(place)}
        failing = [case.id for case in self.cases.values() if (case.planned.device, case.planned.place) in places]
        if len(failing) == len(self.cases):
            raise error
        for case_id in failing:
            with self._lock:
                self._fail(case_id, RoundError(error.message, error.hint, phase="settle"))

    def _make_ready(self) -> None:
        """Before any round of a group, so that none is measured on what is hot from building, or beside a transfer."""
        todo = set(self._todo())
        open_ones = [
            name
            for name, case in self.cases.items()
            if name in todo and isinstance(self.run.case(name).outcome, Pending) and self.planner.fits(case.planned)
        ]
        in_lanes([partial(self._make_lane_ready, lane) for lane in self._by_group(open_ones)])

    def _make_lane_ready(self, case_ids: Sequence[str]) -> None:
        cases = [self.cases[one] for one in case_ids]
        for key in dict.fromkeys((case.planned.device, case.planned.place) for case in cases):
            self.carry(self.places[key], [one for one in cases if (one.planned.device, one.planned.place) == key])
        for case in cases:
            try:
                self.plugins.make_ready(case, self.place_of(case.planned))
            except RoundError as error:
                with self._lock:
                    self._fail(case.id, error)

    def _rounds(self) -> None:
        todo, total = self._todo(), len(self.run.order)
        numbers = count(total - len(todo) + 1)
        in_lanes([partial(self._lane, lane, numbers, total) for lane in self._by_group(todo)])

    def _by_group(self, case_ids: Iterable[str]) -> list[list[str]]:
        """The same, in the same order, those of each group by themselves."""
        lanes: dict[str, list[str]] = {}
        for one in case_ids:
            lanes.setdefault(self.planner.lane_of(self.cases[one].planned), []).append(one)
        return list(lanes.values())

    def _lane(self, todo: Sequence[str], numbers: Iterator[int], total: int) -> None:
        """The rounds of one group."""
        for case_id in todo:
            case = self.cases[case_id]
            with self._lock:
                number = next(numbers)
                # Shorter than what was to do, if a case has failed or gets no more rounds.
                left = [one for one in self._todo() if isinstance(self.run.case(one).outcome, Pending)]
                is_open = case_id in left
                goes_on = is_open and self.planner.fits(case.planned)
                if goes_on:
                    to_go = self.planner.left(self.run, [self.cases[one].planned for one in left])
                    self.progress.round_started(case_id, number, total, to_go)
            if goes_on:
                self._round(case)

    def _todo(self) -> list[str]:
        """The run's order without the rounds that are done: of each case the first ones."""
        done = Counter({case.id: len(case.rounds) for case in self.run.cases})
        todo = []
        for case_id in self.run.order:
            if done[case_id] > 0:
                done[case_id] -= 1
            elif case_id in self.cases:
                todo.append(case_id)
        return todo

    def _round(self, case: Case) -> None:
        place = self.place_of(case.planned)
        device = self.plugins.registry.devices[place.device]
        with self._lock:
            measure = self.planner.measure_of(case.planned)
        begin_s, waited_s = time.monotonic(), 0.0
        try:
            try:
                device.settle(place)
            finally:
                waited_s = time.monotonic() - begin_s
            found = self.plugins.run_round(replace(case, planned=replace(case.planned, measure=measure)), place)
        except RoundError as error:
            device.recover(place)
            with self._lock:
                self.planner.lose(case.planned, time.monotonic() - begin_s, waited_s)
                self._fail(case.id, error)
            return
        with self._lock:
            self._add(case, found, measure, begin_s, waited_s)

    def _add(self, case: Case, found: Round, measure: Measure, begin_s: float, waited_s: float) -> None:
        """Save a round. waited_s: since its beginning, until the place was fit to measure."""
        taken = {about.index for about in self.run.case(case.id).rounds}
        number = next(index for index in count() if index not in taken)  # that of a round that was lost, if one was
        done = replace(found, about=replace(found.about, index=number))
        try:
            self._save(self.folder.add_round(self.run, case.id, done))
        except RecordError as error:
            self._fail(case.id, RoundError(error.message, error.hint, phase="result"))
        else:
            self.progress.case_changed(self.run, case.id, self._samples)
        took_s = time.monotonic() - begin_s
        self.planner.learn(case.planned, measure, Done.of(done.about, done.samples_ns, took_s, waited_s))

    def _close(self, record: CaseRecord) -> None:
        """The case's outcome, now that its rounds are done."""
        if not record.rounds:
            self._save(self.run.with_case(replace(record, outcome=_not_begun(self.run))))
            return
        if not record.counting:  # no time was left to measure them again
            record = replace(record, rounds=tuple(replace(about, superseded=False) for about in record.rounds))
        record = replace(record, between_runs=self.earlier.between_runs(record, self._name))
        outcome = self._measured(record)
        remarks = (*record.remarks, *self._remarks(record), *self.earlier.problems(record))
        try:
            self._save(self.run.with_case(replace(record, outcome=outcome, remarks=remarks)))
        except RecordError as error:
            self.progress.case_failed(record.id, error.message)
            self._save(self.run.with_case(replace(record, outcome=Failed(error=error.message, phase="result"))))

    def _fail(self, case_id: str, error: RoundError) -> None:
        """The case has failed, unless what was planned is there and only a round that was added has failed."""
        record = self.run.case(case_id)
        if self.run.extended and record.measure and len(record.rounds) >= record.measure.rounds:
            self.progress.detail(f"{case_id}: one more round failed: {error.message}")
            self._save(without_more_rounds(self.run, record, error.message))
        else:
            self.progress.case_failed(case_id, error.message)
            lost = error.place_lost or self._discovered.is_gone(record.device, record.place)
            self._save(self.run.with_case(replace(record, outcome=_failed(error, place_lost=lost))))
            self.progress.case_changed(self.run, case_id, self._samples)

    def _measured(self, record: CaseRecord) -> Measured:
        samples = partial(self.folder.samples, self.run, record.id)
        outcome = outcome_of(record, samples, budgeted=self.run.budget_s is not None)
        if record.id not in self.cases:
            return outcome
        return replace(outcome, prediction=_prediction(self.cases[record.id], self.folder.outputs(self.run, record.id)))

    def _remarks(self, record: CaseRecord) -> tuple[str, ...]:
        """What the device has to say of the result, by what was executed and what its first round saw."""
        device = self.plugins.registry.devices.get(record.device)
        facts = {**(record.artifact.facts if record.artifact else {}), **record.rounds[0].facts}
        return tuple(device.remarks(facts)) if device else ()

    def _samples(self, case_id: str) -> Mapping[int, Nanoseconds]:
        return self.folder.samples(self.run, case_id)

    def _save(self, run: Run) -> None:
        self.folder.save(run)
        self.run = run


def _prediction(case: Case, outputs: tuple[OutputTensor, ...]) -> Prediction | None:
    image = case.planned.image
    if image is None:
        return None
    return predict(outputs, read_labels(image.labels) if image.labels else list(image.names))


def _not_begun(run: Run) -> Skipped:
    """Why a case has no round, though its place was there."""
    if not run.order:
        return Skipped(reason=NOT_TIMED)
    if run.budget_s is None:
        return Skipped(
            reason="the time was over before its first round", hint="Measure fewer cases, or allow more time."
        )
    return Skipped(
        reason=f"the budget of {run.budget_s:g} s was over before its first round",
        hint="Raise it, or measure fewer cases: see `--model` and `--device`.",
    )


def _failed(error: RoundError, *, place_lost: bool) -> Failed:
    return Failed(
        error=error.message, hint=error.hint, phase=error.phase, log_tail=error.log_tail, place_lost=place_lost
    )
