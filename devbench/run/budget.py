"""How long the cases of a plan take, and whether a budget is enough for them: groups of places go on side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from devbench.domain.lab import PlaceKey
from devbench.domain.measure import Measure
from devbench.errors import DevbenchError
from devbench.places.machines import machine_of
from devbench.run.context import RunContext
from devbench.run.estimate import round_s
from devbench.run.groups import Group, groups_of, longest_s
from devbench.run.plan import Plan


def groups_in(plan: Plan, context: RunContext) -> tuple[Group, ...]:
    """The groups of the places of a plan's cases; a single one if all are to take turns."""
    keys = dict.fromkeys((case.device, case.place) for case in plan.cases)
    return groups_of([plan.places[key] for key in keys], (lambda _: "") if context.serial else machine_of)


def plan_s(plan: Plan, groups: Sequence[Group], seconds: Callable[[Measure], float]) -> float:
    """Seconds of all cases of a plan, if one with such settings takes `seconds`: those of the longest group."""
    each: dict[PlaceKey, float] = {}
    for case in plan.cases:
        key = (case.device, case.place)
        each[key] = each.get(key, 0.0) + seconds(case.measure)
    return longest_s(each, [group.places for group in groups])


def refuse_too_small(budget_s: float, plan: Plan, context: RunContext) -> None:
    """Raise a `DevbenchError` where the budget has no time for one round of each case."""
    groups = groups_in(plan, context)
    least_s = plan_s(plan, groups, round_s)
    if budget_s < least_s:
        where = f" in the longest of {len(groups)} groups, which go on side by side" if len(groups) > 1 else ""
        raise DevbenchError(
            f"a budget of {budget_s:g} s is too small: a round of each of "
            f"{len(plan.cases)} cases takes {least_s:.1f} s or more{where}",
            "Raise the budget, or measure fewer cases: see `--model` and `--device`.",
        )
