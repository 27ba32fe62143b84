"""How a case is measured: the settings of one profile, and the profiles themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from devbench.domain.ranges import AtLeastOne, Count, NotNegative, Seconds


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Settings of the warm-up and the timed loop. See docs/measurement.md for what each is for.

    A phase goes on until it has done its runs *and* its seconds, the warm-up then until it is steady; and never past
    its cap, but for two samples at least. A `warmup_cap_s` of 0: a warm-up of these runs and seconds, steady or not.

    rounds: how many there are before one looks. max_rounds: how many there may be, with those that are measured again
        or added for the sake of precision. min_s: of the loops of the first ones; of those added it is planned.
    precision: half of the 95 % interval of the median, within this run, over the median; None asks for none.
    percentiles: those whose upper bound the result must be able to state.
    time_limit_s: how long a whole round may take, load included, before its worker is ended.
    """

    profile: str
    rounds: AtLeastOne
    max_rounds: Count
    warmup_runs: Count
    warmup_s: Seconds
    warmup_cap_s: Seconds
    min_runs: Count
    min_s: Seconds
    cap_s: Seconds
    precision: NotNegative | None
    percentiles: tuple[Literal[90, 99], ...] = ()
    time_limit_s: Seconds


PROFILES: dict[str, Measure] = {
    "quick": Measure(
        profile="quick",
        rounds=3,
        max_rounds=3,
        warmup_runs=3,
        warmup_s=0.05,
        warmup_cap_s=0.4,
        min_runs=5,
        min_s=0.15,
        cap_s=4,
        precision=None,
        time_limit_s=120,
    ),
    "normal": Measure(
        profile="normal",
        rounds=5,
        max_rounds=10,
        warmup_runs=5,
        warmup_s=0.3,
        warmup_cap_s=2,
        min_runs=20,
        min_s=0.5,
        cap_s=20,
        precision=0.01,
        time_limit_s=300,
    ),
    "publish": Measure(
        profile="publish",
        rounds=10,
        max_rounds=30,
        warmup_runs=20,
        warmup_s=1,
        warmup_cap_s=10,
        min_runs=100,
        min_s=2,
        cap_s=60,
        precision=0.005,
        time_limit_s=900,
    ),
}
DEFAULT_PROFILE = "normal"

_MORE_IS_BETTER = (
    *("rounds", "max_rounds", "warmup_runs", "warmup_s", "warmup_cap_s"),
    *("min_runs", "min_s", "cap_s"),
)


def weaker_settings(measure: Measure) -> list[str]:
    """In which settings it promises less than the profile whose name it bears, as `rounds 1`; [] if in none."""
    profile = PROFILES[measure.profile]
    weaker = [name for name in _MORE_IS_BETTER if getattr(measure, name) < getattr(profile, name)]
    if profile.precision and (measure.precision is None or measure.precision > profile.precision):
        weaker.append("precision")
    values = {name: getattr(measure, name) for name in weaker}
    return [f"{name} {'none' if value is None else value}" for name, value in values.items()]
