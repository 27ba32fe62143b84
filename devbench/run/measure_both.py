"""`compare --measure`: two suites, files, runtimes or interpreters in one run, their rounds in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from devbench.domain.run import Request, Run
from devbench.errors import RunFolderError
from devbench.run.context import RunContext
from devbench.run.plan import Plan
from devbench.run.planning import AsPlanned
from devbench.run.side_by_side import Looks, Pair, one_plan, pairs_in_turns
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
    """A run of two sides, and which of its cases are compared."""

    run: Run
    pairs: tuple[Pair, ...]


def measure_both(sides: tuple[Side, Side], folder: RunFolder, context: RunContext, looks: MakeLooks) -> Compared:
    """Measure the cases of two suites in turns, in one run in `folder`.

    looks: makes, of the pairs of cases, what decides how long to go on.
    """
    if folder.exists:
        raise RunFolderError(f"{folder.path}: there is a run already", "Choose another --out.")
    plans = [make_plan(side.request, side.name, context) for side in sides]
    changed = [side.changed(plan) for side, (_, plan, _) in zip(sides, plans, strict=True)]
    plan, pairs = one_plan(changed[0], changed[1])
    seed = plans[0][2]
    run = new_run("side-by-side", sides[0].request, plan, seed, folder)
    run = replace(run, order=pairs_in_turns(pairs, LOOKS[0], seed), extended=True)
    decide = looks(pairs)
    with folder:
        folder.save(run)
        return Compared(run=execute(run, plan, folder, context, AsPlanned(decide.more)), pairs=pairs)
