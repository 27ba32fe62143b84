"""Whether a round, and then a case, can be trusted: judged by what the machine did and by the series itself.

The limits follow from what quiet and disturbed machines showed: see docs/trust.md and benchmarks/contamination.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from devbench.domain.conditions import Conditions, Reason, Severity, Verdict
from devbench.domain.outcome import Nanoseconds, RoundFacts
from devbench.run.honesty import engine_reasons
from devbench.stats import check_steady


@dataclass(frozen=True, kw_only=True)
class _Limit:
    """A round is suspect from `suspect` on, and contaminated from `contaminated` on."""

    code: str
    suspect: float
    contaminated: float
    text: str
    remedy: str


# Each value is a share (0.05 is 5 %), but for `others`, which is in cores, and `preempted`, in times per second.
_LIMITS = {
    "others_cores": _Limit(
        code="busy",
        suspect=0.10,
        contaminated=0.50,
        text="other programs kept {value:.2f} cores busy{busiest}",
        remedy="End them, or measure when the machine is idle.",
    ),
    "steal": _Limit(
        code="steal",
        suspect=0.01,
        contaminated=0.05,
        text="the hypervisor stole {percent:.1f} % of the CPU time",
        remedy="Measure on a physical machine or on dedicated CPUs, or at a quieter hour.",
    ),
    "stall_cpu": _Limit(
        code="cpu-pressure",
        suspect=0.05,
        contaminated=0.30,
        text="programs waited for a core {percent:.0f} % of the time",
        remedy="End other programs, or use fewer threads.",
    ),
    "stall_memory": _Limit(
        code="memory-pressure",
        suspect=0.005,
        contaminated=0.05,
        text="programs waited for memory {percent:.1f} % of the time",
        remedy="Close a large program: this machine is short of memory.",
    ),
    "quota": _Limit(
        code="quota",
        suspect=0.001,
        contaminated=0.02,
        text="a CPU quota stopped the worker for {percent:.1f} % of the time",
        remedy="Lift the quota of this container or control group (cpu.max).",
    ),
    "frequency_drop": _Limit(
        code="frequency",
        suspect=0.05,
        contaminated=0.20,
        text="the CPU clock was {percent:.0f} % lower at the end than at the start",
        remedy="Set the governor to performance, and let the machine cool down: see `devbench doctor`.",
    ),
    "throttles": _Limit(
        code="throttled",
        suspect=1,
        contaminated=1,
        text="the processor throttled itself {value:.0f} times",
        remedy="Let it cool down, or cool it better.",
    ),
    "preempted_per_s": _Limit(
        code="preempted",
        suspect=100,
        contaminated=1000,
        text="the worker was preempted {value:.0f} times a second",
        remedy="End other programs, or use fewer threads than there are cores.",
    ),
}
_CANARY = _Limit(
    code="canary",
    suspect=0.08,
    contaminated=0.30,
    text="the reference workload took {percent:.0f} % longer than usual in this run",
    remedy="The machine was slower for a while. See the other reasons, or measure again.",
)
_CLOCKS_APART = 1.1
_CLOCK = Reason(
    code="clock",
    severity="contaminated",
    text="by the clock of the device, the timed loop took longer than the whole round did by the clock of this machine",
    remedy="One of the two clocks jumped: was a machine suspended or moved? Measure again.",
)
_ROUND_APART, STEADY_TOLERANCE = 0.05, 0.03


def canary_baseline(rounds: Iterable[RoundFacts]) -> float:
    """What the canary usually takes at a place, in nanoseconds: the median over all of a run's rounds there."""
    heard = [ns for one in rounds if one.conditions for ns in one.conditions.canary_ns if ns]
    return float(median(heard)) if heard else 0.0


def judge_round(about: RoundFacts, samples_ns: Nanoseconds, usual_canary_ns: float) -> tuple[Reason, ...]:
    """The reasons to doubt one round; none if it is clean."""
    seen = about.conditions
    reasons = list(_from_conditions(seen, usual_canary_ns)) if seen else []
    steady = check_steady(samples_ns, tolerance=STEADY_TOLERANCE)
    if steady.enough and not steady.steady:
        # A step also tilts the line through the whole series, and by more than it is high.
        change = steady.step if steady.step_is_real and abs(steady.step) > STEADY_TOLERANCE else steady.drift
        reasons.append(
            Reason(
                code="not-steady",
                severity="suspect",
                text=f"the latency changed by {change * 100:+.0f} % during the timed loop",
                remedy="Warm up longer (`warmup_s`). Check which other programs started or ended.",
            )
        )
    if about.loop_s and about.loop_s[1] - about.loop_s[0] > _CLOCKS_APART * about.duration_s + 1:
        reasons.append(_CLOCK)
    if not about.settled:
        reasons.append(
            Reason(
                code="not-settled",
                severity="suspect",
                text="the warm-up had not reached a steady state when its time was over",
                remedy="Raise `warmup_cap_s`, or make the machine quieter: see `devbench doctor`.",
            )
        )
    return tuple(reasons)


def judge_case(rounds: Sequence[RoundFacts], medians_ns: Sequence[float], outputs_agree: bool) -> Verdict:
    """The verdict of a case from its rounds that count, in the same order as the medians."""
    reasons = [reason for about in rounds for reason in about.reasons]
    reasons += _rounds_apart(medians_ns)
    reasons += engine_reasons(rounds, medians_ns)
    if not outputs_agree:
        reasons.append(
            Reason(
                code="outputs",
                severity="contaminated",
                text="the same input gave different outputs in different rounds",
                remedy="The device computes wrongly, or not always the same. Find out why before you trust its times.",
            )
        )
    severities = {reason.severity for reason in reasons}
    status = next((one for one in ("contaminated", "suspect") if one in severities), "clean")
    return Verdict(status=status, reasons=_once(reasons))  # type: ignore[arg-type]  # one of the three


def _from_conditions(seen: Conditions, usual_canary_ns: float) -> Iterable[Reason]:
    for name, limit in _LIMITS.items():
        value = getattr(seen, name)
        if value is not None and value >= limit.suspect:
            yield _reason(limit, value, f", most of all {seen.busiest}" if seen.busiest else "")
    if usual_canary_ns:
        slower = max(seen.canary_ns) / usual_canary_ns - 1
        if slower >= _CANARY.suspect:
            yield _reason(_CANARY, slower, "")


def _reason(limit: _Limit, value: float, busiest: str) -> Reason:
    severity: Severity = "contaminated" if value >= limit.contaminated else "suspect"
    text = limit.text.format(value=value, percent=100 * value, busiest=busiest)
    return Reason(code=limit.code, severity=severity, text=text, remedy=limit.remedy)


def _rounds_apart(medians_ns: Sequence[float]) -> list[Reason]:
    if len(medians_ns) < 2:  # noqa: PLR2004 - one round is apart from nothing
        return []
    spread = float(np.max(medians_ns) / np.min(medians_ns) - 1)
    if spread < _ROUND_APART:
        return []
    text = f"the medians of its rounds are {spread * 100:.0f} % apart"
    return [
        Reason(code="rounds-apart", severity="suspect", text=text, remedy="Make the machine quieter, or add rounds.")
    ]


def _once(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Of each code the worst reason, the first of several alike."""
    worst: dict[str, Reason] = {}
    for reason in reasons:
        if reason.code not in worst or (reason.severity, worst[reason.code].severity) == ("contaminated", "suspect"):
            worst[reason.code] = reason
    return tuple(worst.values())
