"""`measure:` of a suite: a profile, and the settings that differ from it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from devbench.domain.measure import DEFAULT_PROFILE, PROFILES, Measure
from devbench.stats import minimum_samples
from devbench.suites.durations import seconds_of
from devbench.suites.strict import Strict

_DAY_S = 86_400
_MOST_RUNS = 10**9
_MOST_ROUNDS = 1000
_LIMIT_OVER_CAPS = 2  # the rest is for the worker's start and the loading, and for a second region


def _budget(value: str) -> str:
    try:
        seconds_of(value)
    except ValueError as error:
        raise PydanticCustomError("bad_time", "{problem}", {"problem": str(error)}) from error
    return value


Budget = Annotated[
    str, AfterValidator(_budget), Field(json_schema_extra={"pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(s|min|h)\s*$"})
]


class MeasureFormat(Strict):
    """A profile, and the settings that differ from it."""

    profile: Literal["quick", "normal", "publish"] = DEFAULT_PROFILE  # type: ignore[assignment]
    rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    max_rounds: Annotated[int, Field(ge=1, le=_MOST_ROUNDS)] | None = None
    warmup_runs: Annotated[int, Field(ge=1, le=_MOST_RUNS)] | None = None
    warmup_s: Annotated[float, Field(ge=0, le=_DAY_S)] | None = None
    warmup_cap_s: Annotated[float, Field(ge=0, le=_DAY_S)] | None = None
    min_runs: Annotated[int, Field(ge=1, le=_MOST_RUNS)] | None = None
    min_s: Annotated[float, Field(ge=0, le=_DAY_S)] | None = None
    cap_s: Annotated[float, Field(gt=0, le=_DAY_S)] | None = None
    precision: Annotated[float, Field(gt=0, lt=1)] | None = None
    budget: Budget | None = None
    percentiles: list[Literal[90, 99]] | None = None
    time_limit_s: Annotated[float, Field(gt=0, le=_DAY_S)] | None = None

    @property
    def budget_s(self) -> float | None:
        """Seconds for all rounds of the run, if a budget is set."""
        return seconds_of(self.budget) if self.budget else None

    def settings(self, profile: str = "", *, budgeted: bool = False) -> Measure:
        """The settings, over `profile` if that is given (it comes from the command line).

        budgeted: whether the run has a budget, which takes the place of the profile's own precision and `max_rounds`.

        A minimum raises its maximum where that is not set: `rounds` the `max_rounds`, the seconds their caps,
        and the caps the time limit. `precision: null` asks for none.
        """
        left_out = ("profile", "budget")
        own: dict[str, Any] = {name: value for name, value in self if name not in left_out and value is not None}
        if budgeted:
            own = {"precision": None, "max_rounds": _MOST_ROUNDS, **own}
        if self.percentiles is not None:
            own["percentiles"] = tuple(self.percentiles)
        if "precision" in self.model_fields_set:
            own["precision"] = self.precision
        base = PROFILES[profile or self.profile]
        if "rounds" in own:
            own.setdefault("max_rounds", max(base.max_rounds if self.rounds != 1 else 1, own["rounds"]))
        for least, most in (("warmup_s", "warmup_cap_s"), ("min_s", "cap_s")):
            if least in own:
                own.setdefault(most, max(getattr(base, most), own[least]))
        measure = replace(base, **own)
        if self.time_limit_s is None:
            limit_s = max(base.time_limit_s, _LIMIT_OVER_CAPS * _loops_s(measure))
            measure = replace(measure, time_limit_s=limit_s)
        return measure


assert {item.name for item in fields(Measure)} == set(MeasureFormat.model_fields) - {"budget"}, "no suite can set it"


def _loops_s(measure: Measure) -> float:
    """Warm-up and timed loop, at most."""
    return max(measure.warmup_cap_s, measure.warmup_s) + measure.cap_s


def contradictions(measure: Measure) -> list[tuple[str, str]]:
    """Settings that cannot both hold: the key to blame, and why."""
    rules = [
        ("cap_s", measure.cap_s, "min_s", measure.min_s),
        ("max_rounds", measure.max_rounds, "rounds", measure.rounds),
        ("time_limit_s", measure.time_limit_s, "warm-up and cap_s", _loops_s(measure)),
    ]
    if measure.warmup_cap_s:
        rules.append(("warmup_cap_s", measure.warmup_cap_s, "warmup_s", measure.warmup_s))
    found = [
        (more, f"{more} ({most:g}) is less than {less} ({least:g})")
        for more, most, less, least in rules
        if most < least
    ]
    samples = measure.rounds * measure.min_runs
    for percent in measure.percentiles:
        needed = minimum_samples(percent)
        if samples < needed:
            text = f"p{percent} needs {needed} samples, and rounds × min_runs are {samples}"
            found.append(("percentiles", text))
    return found


def measure_entry(value: Any) -> Any:
    """`quick` and `{profile: quick}` are the same to us."""
    return {"profile": value} if isinstance(value, str) else value
