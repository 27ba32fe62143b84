"""The conditions of a round, and whether its result can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from devbench.domain.ranges import Count

Severity = Literal["suspect", "contaminated"]


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What was seen around and during the timed loop of a round; None is "cannot be read here".

    Shares are of the loop's wall-clock time: 0.02 of stall_cpu is that some task waited for a CPU 2 % of it.

    others_cores: how many cores all other processes kept busy on average; busiest: the one that did most.
    quota: time for which a control group's quota kept the worker from running.
    frequency_drop: how much lower the highest frequency of a core was at the end than at the start.
    canary_ns: the reference workload, before loading and after the outputs; canary_best_ns: its fastest part.
    """

    seconds: float
    others_cores: float | None = None
    busiest: str = ""
    steal: float | None = None
    stall_cpu: float | None = None
    stall_memory: float | None = None
    stall_io: float | None = None
    quota: float | None = None
    throttles: int | None = None
    frequency_mhz: float | None = None
    frequency_drop: float | None = None
    temperature_c_start: float | None = None
    temperature_c_end: float | None = None
    load_1min: float | None = None
    preempted_per_s: float = 0.0
    canary_ns: tuple[Count, Count] = (0, 0)
    canary_best_ns: tuple[Count, Count] = (0, 0)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a round is doubtful. code: one word for tables; text: what was seen; remedy: what to do."""

    code: str
    severity: Severity
    text: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a case's result can be trusted: `clean`, or the worst of its reasons."""

    status: Literal["clean", "suspect", "contaminated"] = "clean"
    reasons: tuple[Reason, ...] = ()
