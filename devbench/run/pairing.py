"""Two plans become one whose cases are measured in turns: which case is compared with which, and in what order.

Rounds are short and go in pairs, the order inside a pair drawn at random: what the machine does in between hits both.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from devbench.domain.case import PlannedCase
from devbench.domain.measure import Measure
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.run import SIDES
from devbench.errors import DevbenchError
from devbench.run.plan import Plan
from devbench.stats.paired import LOOKS

OLD, NEW = SIDES


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two cases of one run that are compared: their ids."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class BothPlans:
    """Two plans as one, each case under a name of its own.

    pairs: those that are compared. alone: those of one side without a counterpart. skipped: those that cannot be
        measured, and why. All under such names.
    """

    plan: Plan
    pairs: tuple[Pair, ...]
    alone: tuple[str, ...]
    skipped: Mapping[str, str]


def one_plan(old: Plan, new: Plan) -> BothPlans:
    """Both plans as one, with the cases that can be paired.

    Raises DevbenchError: there are none, or the two mean different things by one place.
    """
    sides, found = ((OLD, old), (NEW, new)), list(_matched(old, new))
    if not found:
        reasons = [f"{case.id}: {_why(why)}" for case, why in (*old.skips, *new.skips)]
        reasons += [f"{one.device}: {one.reason}" for one in (*old.absent, *new.absent)]
        because = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
        raise DevbenchError(
            f"OLD and NEW have no case in common, so there is nothing to compare{because}",
            "Cases are paired by model, precision, device and place. See both with `devbench run --dry-run`.",
        )
    if clash := {key for key in old.places.keys() & new.places.keys() if old.places[key] != new.places[key]}:
        names = ", ".join(sorted(place for _, place in clash))
        raise DevbenchError(f"OLD and NEW mean different things by the place {names}", "Name them differently.")
    cases = tuple(case for one, other in found for case in (_renamed(one, OLD), _renamed(other, NEW)))
    pythons = {_id(name, side): python for side, of in sides for name, python in of.pythons.items()}
    paired = {case.id for case in cases}
    plan = Plan(cases=cases, skips=(), absent=(), places={**old.places, **new.places}, pythons=pythons)
    return BothPlans(
        plan=plan,
        pairs=tuple(Pair(old=_id(one.id, OLD), new=_id(other.id, NEW)) for one, other in found),
        alone=tuple(one for side, of in sides for case in of.cases if (one := _id(case.id, side)) not in paired),
        skipped={_id(case.id, side): _why(why) for side, of in sides for case, why in of.skips},
    )


def _matched(old: Plan, new: Plan) -> Iterator[tuple[PlannedCase, PlannedCase]]:
    """The cases that are compared: of the same work done in the same way; of the others, those alone of their work."""
    left = list(old.cases), list(new.cases)
    ways: list[Callable[[PlannedCase, Plan], Hashable]] = [_work_and_way, _work]
    if len(left[0]) == len(left[1]) == 1:  # two files, say: there is nothing else to compare them with
        ways = [lambda *_: None]
    for way in ways:
        first, second = (_by(way, cases, plan) for cases, plan in zip(left, (old, new), strict=True))
        for key in first:
            if len(first[key]) == len(second.get(key, ())) == 1:
                yield first[key][0], second[key][0]
                left[0].remove(first[key][0])
                left[1].remove(second[key][0])


def _by(
    way: Callable[[PlannedCase, Plan], Hashable], cases: Sequence[PlannedCase], plan: Plan
) -> dict[Hashable, list[PlannedCase]]:
    found: dict[Hashable, list[PlannedCase]] = {}
    for case in cases:
        found.setdefault(way(case, plan), []).append(case)
    return found


def _why(outcome: Skipped | Failed) -> str:
    return outcome.error if isinstance(outcome, Failed) else outcome.reason


def short_rounds(measure: Measure) -> Measure:
    """Settings for many short rounds: what a start costs is worth more pairs than a longer loop."""
    return replace(
        measure,
        rounds=LOOKS[0],
        max_rounds=LOOKS[-1],
        warmup_runs=3,
        warmup_s=0.1,
        warmup_cap_s=0.0,
        min_runs=5,
        min_s=0.3,
        cap_s=5.0,
        precision=None,
    )


def pairs_in_turns(pairs: Sequence[Pair], count: int, seed: int) -> tuple[str, ...]:
    """The order of `count` pairs of rounds of each: neighbours, which of the two comes first drawn at random."""
    shuffler = random.Random(seed)  # noqa: S311 - an order, not a secret
    order: list[str] = []
    for _ in range(count):
        for pair in shuffler.sample(list(pairs), len(pairs)):
            order += shuffler.sample([pair.old, pair.new], 2)
    return tuple(order)


def _work_and_way(case: PlannedCase, plan: Plan) -> tuple[object, ...]:
    return (*_work(case, plan), case.runtime, *sorted(map(str, case.options.items())))


def _work(case: PlannedCase, plan: Plan) -> tuple[object, ...]:
    """What two cases are paired by. Of a place where it is, not its name: another interpreter there is compared."""
    place = plan.places[case.device, case.place]
    host = place.ssh.host if place.ssh else ""
    return (case.model, case.precision, case.device, host, *sorted(place.options.items()))


def _id(case_id: str, side: str) -> str:
    return f"{side}: {case_id}"


def _renamed(case: PlannedCase, side: str) -> PlannedCase:
    return replace(case, id=_id(case.id, side), measure=short_rounds(case.measure))
