"""When, how thoroughly and on what the figures of a report were made: a few words each."""

from __future__ import annotations

from datetime import datetime

from devbench.compare.overview import Overview
from devbench.domain.run import Run
from devbench.report.numbers import duration


def byline_of(run: Run) -> tuple[str, ...]:
    """When, how long, how thoroughly, and on what."""
    profiles = dict.fromkeys(f"{case.measure.profile} profile" for case in run.cases if case.measure)
    return tuple(text for text in (_when(run), *profiles, *_machines(run), f"devbench {run.devbench_version}") if text)


def origin_of(overview: Overview) -> str:
    """For a plot that is met alone: which machine and which day, or whose figures."""
    run = overview.run
    if run is None:
        return f"{'' if overview.runs else 'published: '}{overview.title}"
    return " · ".join((*_machines(run), run.started_utc[:10], f"run {run.id}", f"devbench {run.devbench_version}"))


def _machines(run: Run) -> tuple[str, ...]:
    facts = [case.rounds[0].facts for case in run.cases if case.rounds]
    return tuple(dict.fromkeys(", ".join(one[name] for name in ("cpu", "os") if one.get(name)) for one in facts))


def _when(run: Run) -> str:
    try:
        began = datetime.fromisoformat(run.started_utc)
    except ValueError:
        return run.started_utc
    try:
        took = f", {duration((datetime.fromisoformat(run.finished_utc) - began).total_seconds())}"
    except ValueError:
        took = ", not finished"
    return f"{began:%Y-%m-%d %H:%M} UTC{took}"
