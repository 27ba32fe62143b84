"""`compare --measure`: two suites, files, runtimes or interpreters in one run, their rounds in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from devbench.domain.case import PlannedCase
from devbench.domain.measure import Measure
from devbench.domain.run import Request, Run
from devbench.errors import DevbenchError, RunFolderError
from devbench.run.budget import groups_in, plan_s
from devbench.run.context import RunContext
from devbench.run.estimate import round_s
from devbench.run.pairing import Pair, one_plan, pairs_in_turns
from devbench.run.plan import Plan
from devbench.run.planning import AsPlanned, Done, Samples
from devbench.run.side_by_side import Looks
from devbench.run.start import execute, make_plan, new_run
from devbench.stats.paired import LOOKS
from devbench.store.folder import RunFolder

MakeLooks = Callable[[Sequence[Pair]], Looks]


@dataclass(frozen=True, kw_only=True)
class Side:
    """OLD or NEW. name: what errors call its suite. python: interpreter to use instead of the place's own.

    pythons: the same for one runtime at one place, by device, place and runtime. These places keep their names.
    """

    request: Request
    name: str
    python: str = ""
    pythons: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def changed(self, plan: Plan) -> Plan:
        """The plan with this side's interpreters. With `python`, its places get names of their own."""
        known = {case.id: self.pythons.get((case.device, case.place, case.runtime), "") for case in plan.cases}
        plan = replace(plan, pythons={name: python for name, python in known.items() if python})
        if not self.python:
            return plan
        names = {key: f"{key[1]} {self.python}" for key in plan.places}
        places = {
            (key[0], names[key]): replace(place, name=names[key], python={"": self.python})
            for key, place in plan.places.items()
        }
        cases = tuple(replace(case, place=names[case.device, case.place]) for case in plan.cases)
        return replace(plan, cases=cases, places=places)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A run of two sides, and which of its cases are compared. alone, skipped: as in `BothPlans`."""

    run: Run
    pairs: tuple[Pair, ...]
    alone: tuple[str, ...]
    skipped: Mapping[str, str]


class InTurns(AsPlanned):
    """Rounds in turns, as many as `looks` asks for and as fit into its budget."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(self._more)
        self._looks = looks
        self._partner = {a: b for pair in looks.pairs for a, b in ((pair.old, pair.new), (pair.new, pair.old))}
        self._measured: set[str] = set()
        self._failed: set[str] = set()

    def learn(self, planned: PlannedCase, measure: Measure, done: Done) -> None:
        """See `AsPlanned`."""
        super().learn(planned, measure, done)
        self._measured.add(planned.id)

    def lose(self, planned: PlannedCase, took_s: float, waited_s: float = 0.0) -> None:
        """See `AsPlanned`."""
        super().lose(planned, took_s, waited_s)
        self._failed.add(planned.id)

    def fits(self, planned: PlannedCase) -> bool:
        """Whether there is time for a round of a case. Where the other side has failed, one round tells its time."""
        if planned.id in self._measured and self._partner[planned.id] in self._failed:
            return False
        return self.pace.spent_in_s(self.lane_of(planned)) + self._round_s(planned) <= self._looks.budget_s

    def _more(self, run: Run, samples: Samples) -> Run | None:
        self.pace.end_lap()
        return self._looks.more(run, samples, self.pace.spent_s)


def measure_both(sides: tuple[Side, Side], folder: RunFolder, context: RunContext, looks: MakeLooks) -> Compared:
    """Measure the cases of two suites in turns, in one run in `folder`.

    looks: makes, of the pairs of cases, what decides how long to go on.
    Raises DevbenchError: nothing can be compared, or the budget is too small for the first look.
    """
    if folder.exists:
        raise RunFolderError(f"{folder.path}: there is a run already", "Choose another --out.")
    plans = [make_plan(side.request, side.name, context) for side in sides]
    changed = [side.changed(plan) for side, (_, plan, _) in zip(sides, plans, strict=True)]
    both = one_plan(changed[0], changed[1])
    decide, seed = looks(both.pairs), plans[0][2]
    _refuse_too_small(decide.budget_s, both.plan, context)
    run = new_run("side-by-side", sides[0].request, both.plan, seed, folder)
    run = replace(run, order=pairs_in_turns(both.pairs, LOOKS[0], seed), extended=True)
    with folder:
        folder.save(run)
        done = execute(run, both.plan, folder, context, InTurns(decide))
    return Compared(run=done, pairs=both.pairs, alone=both.alone, skipped=both.skipped)


def _refuse_too_small(budget_s: float, plan: Plan, context: RunContext) -> None:
    """Raise a `DevbenchError` if the budget is too small for the pairs that the first look needs."""
    least_s = plan_s(plan, groups_in(plan, context), lambda measure: LOOKS[0] * round_s(measure))
    if budget_s < least_s:
        raise DevbenchError(
            f"a budget of {budget_s:g} s is too small: the first {LOOKS[0]} pairs of rounds take about {least_s:.0f} s",
            "Raise the budget (`--budget`), or compare fewer cases.",
        )
