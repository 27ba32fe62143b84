"""What this machine can show now: how much the same work varies here, over which time, and on which CPU.

Fresh processes do a fixed piece of work (`workload.py`), in turns: two that run where the scheduler puts them, then one
on each of a few CPUs. After that one process goes on for longer, for the Allan deviation.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.errors import DevbenchError
from devbench.stats import AllanPoint, Interval, Spread, allan_deviation, measured_again, smallest_visible, wandering
from devbench.stats.interval import LogEstimate
from devbench.stats.paired import level_of_a_look, paired_ratio
from devbench.worker.environment import snapshot

Work = Callable[[float, int | None], NDArray[np.int64]]
"""Does the work in a fresh process for so many seconds, on a CPU or anywhere: nanoseconds of each piece."""

ROUNDS, ROUND_S = 5, 2.0
"""The run that is foretold: what `normal` comes to where ± 1 % is not reached sooner."""
PAIRS = 32
"""The side-by-side comparison that is foretold: what two minutes are enough for."""
_FEWEST_TURNS = 5
_TURNS_S, _ALL_S, _SHORTEST_SERIES_S = 45.0, 90.0, 6.0
"""Where the machine is so busy that the turns take longer, fewer turns and a shorter series must do."""
_GIVE_UP_S = 120.0
_MOST_CPUS = 3
_TIME_LIMIT_S = 60.0
_STEADIER = (11.2, 7.9, 6.3, 5.3, 4.7, 4.2)
"""From which ratio of the variances of 2 n and n processes on one is less, n = 5, 6, ... turns: quantiles of F that
leave 5 in 100 for three CPUs together, as the steadiest of them is chosen."""
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """turns: of fresh processes, each of `process_s`; series_s: of the one process that goes on for longer."""

    turns: int = 10
    process_s: float = 0.4
    series_s: float = 24.0


@dataclass(frozen=True, kw_only=True)
class OnCpu:
    """sd: of the logarithm over processes on this CPU. time: of these, over those that may run anywhere."""

    cpu: int
    sd: float
    time: Interval


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What was seen. Shares: 0.02 is 2 %.

    run: half width of the 95 % interval of one case within a run. again: of the one that covers measuring again.
    two_runs: smallest difference that two runs can show. side_by_side: that `compare --measure` can, in two minutes.
    process_sd: from one fresh process to the next. piece_ms: median time of a piece of work.
    allan: over the longer series. wanders: where it is worst after having been better; None if it only falls.
    cpus: () where there is nothing to choose from. fastest_cpu: beats the slowest beyond doubt; None if none does.
    steadiest_cpu: processes vary less there than where the scheduler puts them, likewise.
    others_cores: kept busy by other programs meanwhile; steal: taken by the hypervisor; None where it cannot be seen.
    """

    run: float
    again: float
    two_runs: float
    side_by_side: float
    process_sd: float
    piece_ms: float
    allan: tuple[AllanPoint, ...]
    wanders: AllanPoint | None
    cpus: tuple[OnCpu, ...]
    fastest_cpu: int | None
    steadiest_cpu: int | None
    others_cores: float | None
    steal: float | None
    between_runs: Spread
    seconds: float


def in_a_process(seconds: float, cpu: int | None) -> NDArray[np.int64]:
    """The work in a fresh process.

    Raises DevbenchError: it could not be done.
    """
    command = [sys.executable, "-P", "-m", "devbench.machine.workload", f"--seconds={seconds}"]
    command += [] if cpu is None else [f"--cpu={cpu}"]
    environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
    try:
        limit_s = _TIME_LIMIT_S + seconds
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit_s, check=True)
    except subprocess.TimeoutExpired:
        raise DevbenchError(
            f"{seconds:.1f} s of work were not done after {limit_s:.0f} s", "The machine is too busy: see `top`."
        ) from None
    except (OSError, subprocess.CalledProcessError) as error:
        lines = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise DevbenchError(f"the work that is timed failed: {lines[-1] if lines else error}") from None
    return np.array(json.loads(done.stdout), dtype=np.int64)


def cpus_to_try() -> tuple[int, ...]:
    """A few of the CPUs that we may use, from the first to the last; () if there is only one, or no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return ()
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:  # noqa: PLR2004
        return ()
    places = np.linspace(0, len(allowed) - 1, min(_MOST_CPUS, len(allowed)))
    return tuple(allowed[round(float(place))] for place in places)


def measure_resolution(
    spread: Spread,
    plan: Plan | None = None,
    work: Work = in_a_process,
    cpus: Sequence[int] | None = None,
) -> Resolution:
    """Measure for about a minute. spread: between runs at this place, as far as it is known.

    Raises DevbenchError: the work failed, or the machine is so busy that it took two minutes for next to nothing.
    """
    plan = plan or Plan()
    tried = cpus_to_try() if cpus is None else tuple(cpus)
    before, own_before_s, begin_s = snapshot(), _own_s(), time.monotonic()
    free: list[tuple[float, float]] = []
    pinned: dict[int, list[float]] = {cpu: [] for cpu in tried}
    order = random.Random(0)  # noqa: S311 - an order, not a secret
    for turn in range(max(plan.turns, _FEWEST_TURNS)):
        if turn >= _FEWEST_TURNS and time.monotonic() - begin_s > _TURNS_S:
            break
        if time.monotonic() - begin_s > _GIVE_UP_S:
            raise DevbenchError(
                f"{turn} of {_FEWEST_TURNS} turns took {_GIVE_UP_S:.0f} s: this machine is too busy to measure on",
                "End other programs (`devbench doctor` names them), or measure at another hour.",
            )
        free.append((_log_median(work(plan.process_s, None)), _log_median(work(plan.process_s, None))))
        for cpu in order.sample(tried, len(tried)):
            pinned[cpu].append(_log_median(work(plan.process_s, cpu)))
    left_s = _ALL_S - (time.monotonic() - begin_s)
    series = work(min(plan.series_s, max(left_s, _SHORTEST_SERIES_S)), None)
    seconds = time.monotonic() - begin_s
    others, steal = _meanwhile(before, snapshot(), seconds, _own_s() - own_before_s)
    return _resolution(free, pinned, series, plan, spread, (others, steal), seconds)


def _resolution(
    free: Sequence[tuple[float, float]],
    pinned: Mapping[int, Sequence[float]],
    series: NDArray[np.int64],
    plan: Plan,
    spread: Spread,
    conditions: tuple[float | None, float | None],
    seconds: float,
) -> Resolution:
    points = tuple(allan_deviation(series))
    values = [one for turn in free for one in turn]
    process_variance = statistics.variance(values)
    # A longer round averages over what wanders inside it, not over what differs from process to process.
    between = max(process_variance - _deviation_at(points, plan.process_s) ** 2, 0.0)
    round_variance = between + _deviation_at(points, ROUND_S) ** 2
    inside = LogEstimate(0.0, round_variance / ROUNDS, ROUNDS - 1.0, 0.0, 0.0, True)
    means = [statistics.fmean(turn) for turn in free]
    on_cpus = tuple(
        OnCpu(
            cpu=cpu,
            sd=statistics.stdev(logs),
            time=paired_ratio([one - mean for one, mean in zip(logs, means, strict=True)]),
        )
        for cpu, logs in pinned.items()
    )
    return Resolution(
        run=inside.interval(0.95).high - 1,
        again=measured_again(inside, [spread]).high - 1,
        two_runs=smallest_visible([spread, spread], 2 * round_variance / ROUNDS),
        side_by_side=_side_by_side([one - other for one, other in free]),
        process_sd=math.sqrt(process_variance),
        piece_ms=float(np.median(series)) / 1e6,
        allan=points,
        wanders=wandering(points),
        cpus=on_cpus,
        fastest_cpu=_fastest(pinned),
        steadiest_cpu=_steadiest(pinned, process_variance),
        others_cores=conditions[0],
        steal=conditions[1],
        between_runs=spread,
        seconds=seconds,
    )


def _side_by_side(log_ratios: Sequence[float]) -> float:
    """What so many pairs as two minutes are enough for could show, if all vary as these do."""
    found = paired_ratio(log_ratios)
    reach = math.log(found.high / found.low) / 2 * math.sqrt(len(log_ratios) / PAIRS)
    normal = statistics.NormalDist()
    return math.expm1(reach * normal.inv_cdf((1 + level_of_a_look()) / 2) / normal.inv_cdf(0.975))


def _fastest(pinned: Mapping[int, Sequence[float]]) -> int | None:
    """The CPU that is faster than the slowest one by 1 % or more, if that is beyond doubt (5 in 100)."""
    if len(pinned) < 2:  # noqa: PLR2004
        return None
    level = 1 - 0.05 / math.comb(len(pinned), 2)  # the two farthest apart are chosen out of so many pairs
    turns = len(next(iter(pinned.values())))
    if 2 / 2**turns > 1 - level:  # not even if each turn says the same
        return None
    fastest, slowest = (choose(pinned, key=lambda cpu: statistics.median(pinned[cpu])) for choose in (min, max))
    ratio = paired_ratio([b - a for a, b in zip(pinned[fastest], pinned[slowest], strict=True)], level)
    return fastest if ratio.low > 1 and ratio.estimate >= 1.01 else None  # noqa: PLR2004 - less is not worth a word


def _steadiest(pinned: Mapping[int, Sequence[float]], free_variance: float) -> int | None:
    """The CPU on which processes vary least, if it is shown that they vary less there (5 in 100)."""
    if not pinned:
        return None
    steadiest = min(pinned, key=lambda cpu: statistics.variance(pinned[cpu]))
    needed = _STEADIER[min(len(pinned[steadiest]) - _FEWEST_TURNS, len(_STEADIER) - 1)]
    return steadiest if free_variance >= needed * statistics.variance(pinned[steadiest]) > 0 else None


def _deviation_at(points: Sequence[AllanPoint], seconds: float) -> float:
    """Of the blocks whose length is nearest, by their ratio."""
    if not points:
        return 0.0
    return min(points, key=lambda point: abs(math.log(max(point.seconds, 1e-9) / seconds))).deviation


def _log_median(samples_ns: NDArray[np.int64]) -> float:
    return math.log(max(float(np.median(samples_ns)), 1.0))


def _meanwhile(
    before: Mapping[str, object], after: Mapping[str, object], seconds: float, own_s: float
) -> tuple[float | None, float | None]:
    """Cores that others kept busy, and the share that the hypervisor took of the core that lost most."""
    busy = [one.get("busy_s") for one in (before, after)]
    others = None
    if isinstance(busy[0], float) and isinstance(busy[1], float):
        others = max(0.0, busy[1] - busy[0] - own_s) / seconds
    stolen = [one.get("steal_s") for one in (before, after)]
    if not (isinstance(stolen[0], dict) and isinstance(stolen[1], dict)):
        return others, None
    gained = [stolen[1][cpu] - stolen[0][cpu] for cpu in stolen[0] if cpu in stolen[1]]
    return others, max(0.0, *gained, 0.0) / seconds


def _own_s() -> float:
    """CPU time of this process and of those that it has started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
