"""What `devbench doctor --resolution` says: the answer first, then what it rests on and what would help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devbench.domain.check import Check
from devbench.domain.intervals import AllanPoint
from devbench.machine.resolution import PAIRS, ROUNDS, OnCpu, Resolution
from devbench.report.covered import AGAIN, WITHIN
from devbench.report.numbers import duration, percent
from devbench.store.resolutions import EarlierResolution

_BUSY_CORES, _STOLEN = 0.1, 0.01  # from where on a round is suspect: docs/measurement.md
_BETTER_HOUR = 0.6
_SHOWN_FROM_S = 0.02
_SURE_BLOCKS = 8
_NOTHING = 1.0


def answer(found: Resolution) -> str:
    """What a run will reach here now, in two sentences."""
    if found.run > _NOTHING:
        others = f" with other programs on {found.others_cores:.1f} cores" if found.others_cores else ""
        return f"Nothing can be measured here and now{others}: a run would have an interval of {_size(found.run)}."
    return (
        f"A run here and now: ± {_size(found.run)} {WITHIN}, ± {_size(found.again)} {AGAIN}"
        f" ({ROUNDS} rounds of one case).\n"
        f"Two runs show differences of {_size(found.two_runs)} or more; `devbench compare --measure` shows"
        f" {_size(found.side_by_side)} ({PAIRS} pairs of rounds)."
    )


def _size(share: float) -> str:
    return percent(share) if share <= _NOTHING else "over 100 %"


def checks(found: Resolution, earlier: Sequence[EarlierResolution]) -> list[Check]:
    """What was looked at, each with what to do."""
    return [_others(found), _wandering(found), *_cpus(found), _between_runs(found), _hour(found, earlier)]


def _others(found: Resolution) -> Check:
    name = "other work"
    if found.others_cores is None and found.steal is None:
        return Check(name=name, good=None, text="cannot be read here")
    others, stolen = found.others_cores or 0.0, found.steal or 0.0
    text = f"other programs kept {others:.2f} cores busy; the hypervisor took {percent(stolen)}"
    hints = []
    if others >= _BUSY_CORES:
        hints.append("End other programs: `devbench doctor` names them.")
    if stolen >= _STOLEN:
        hints.append("Stolen CPU time: another hour, or a machine of your own.")
    return Check(name=name, good=not hints, text=text, hint=" ".join(hints))


def _wandering(found: Resolution) -> Check:
    name = "wandering"
    shown = [one for one in found.allan if one.seconds >= _SHOWN_FROM_S and one.blocks >= _SURE_BLOCKS]
    if not shown:
        return Check(name=name, good=None, text="the series is too short to tell")
    values = ", ".join(f"{_size(one.deviation)} over {_time(one)}" for one in shown[:: max(len(shown) // 4, 1)])
    worst = found.wanders
    if worst and worst.seconds >= _SHOWN_FROM_S:
        text = f"most over {_time(worst)}, by {_size(worst.deviation)} (neighbouring blocks differ by {values})"
        return Check(name=name, good=False, text=text, hint=_spread_out(worst))
    last = shown[-1]
    text = f"up to {_time(last)}, longer rounds vary less or as much (neighbouring blocks differ by {values})"
    return Check(name=name, good=True, text=text)


def _spread_out(worst: AllanPoint) -> str:
    return (
        f"Rounds much shorter than {duration(max(worst.seconds, 1))} see one phase each: more rounds help, longer ones"
        " do not. `devbench compare --measure` takes turns."
    )


def _cpus(found: Resolution) -> Iterator[Check]:
    if not found.cpus:
        text = "there is one CPU to choose from, or it cannot be chosen here"
        yield Check(name="pinning", good=True, text=text)
        return
    values = ", ".join(f"{_size(one.sd)} on CPU {one.cpu}" for one in found.cpus)
    text = f"processes vary by {_size(found.process_sd)} where the scheduler puts them, by {values}"
    if found.steadiest_cpu is not None:
        hint = f"Type: taskset -c {found.steadiest_cpu} devbench run …  (one thread only)"
        yield Check(name="pinning", good=False, text=f"helps: {text}", hint=hint)
    else:
        yield Check(name="pinning", good=True, text=f"would not help: {text}")
    yield _other_cpu(found.cpus, found.fastest_cpu)


def _other_cpu(cpus: Sequence[OnCpu], fastest: int | None) -> Check:
    times = ", ".join(f"{one.time.estimate:.3f} on CPU {one.cpu}" for one in cpus)
    if fastest is None:
        return Check(name="another core", good=True, text=f"would not help: none is faster by 1 % or more ({times})")
    hint = f"For one thread: taskset -c {fastest} devbench run …"
    text = f"CPU {fastest} is the fastest now (time over that of unpinned processes: {times})"
    return Check(name="another core", good=False, text=text, hint=hint)


def _between_runs(found: Resolution) -> Check:
    spread = found.between_runs
    name, size = "between runs", percent(spread.log_sd)
    if not spread.runs:
        text = f"{size} is assumed: there are no earlier runs of this machine that were not contaminated"
        return Check(name=name, good=None, text=text, hint="The more runs it has seen, the better it knows this place.")
    return Check(name=name, good=True, text=f"{size}, learned from {spread.runs} earlier runs")


def _hour(found: Resolution, earlier: Sequence[EarlierResolution]) -> Check:
    name = "another hour"
    if not earlier:
        hint = "Run this again at another hour: then it can tell."
        return Check(name=name, good=None, text="unknown: this was not measured here before", hint=hint)
    best = min(earlier, key=lambda one: one.run)
    when = f"{best.at_utc[:16].replace('T', ' ')} UTC"
    text = f"now ± {_size(found.run)}; the best of {len(earlier)} before was ± {_size(best.run)} ({when})"
    if best.run <= _BETTER_HOUR * found.run:
        return Check(name=name, good=False, text=f"helps: {text}", hint="Measure when the machine is as it was then.")
    return Check(name=name, good=True, text=f"would hardly help: {text}")


def _time(point: AllanPoint) -> str:
    return f"{point.seconds * 1e3:.0f} ms" if point.seconds < 1 else f"{point.seconds:.1f} s"
