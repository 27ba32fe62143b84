"""How a case is measured: the settings of one profile, and the profiles themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Settings of the warm-up and the timed loop. See docs/measurement.md for what each is for.

    A phase goes on until it has done its runs *and* its seconds, or until `cap_s` is over.
    time_limit_s: how long a whole round may take, load included, before its worker is ended.
    """

    profile: str
    rounds: int
    warmup_runs: int
    warmup_s: float
    min_runs: int
    min_s: float
    cap_s: float
    time_limit_s: float


PROFILES: dict[str, Measure] = {
    "quick": Measure(
        profile="quick",
        rounds=1,
        warmup_runs=5,
        warmup_s=0.2,
        min_runs=30,
        min_s=0.5,
        cap_s=10,
        time_limit_s=120,
    ),
    "normal": Measure(
        profile="normal",
        rounds=3,
        warmup_runs=10,
        warmup_s=0.5,
        min_runs=100,
        min_s=2,
        cap_s=60,
        time_limit_s=300,
    ),
    "publish": Measure(
        profile="publish",
        rounds=5,
        warmup_runs=20,
        warmup_s=2,
        min_runs=662,
        min_s=10,
        cap_s=300,
        time_limit_s=900,
    ),
}
DEFAULT_PROFILE = "normal"
