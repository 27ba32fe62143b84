"""How the figures of a run were made: the settings of its cases, and where it comes from."""

from __future__ import annotations

from datetime import datetime

from devbench.domain.measure import Measure
from devbench.domain.run import Run
from devbench.report.html.cases import UNKNOWN, Facts
from devbench.report.numbers import duration


def settings_of(run: Run) -> tuple[tuple[str, Facts], ...]:
    """Each way of measuring once, with how many cases were measured that way."""
    found: dict[str, tuple[Measure, int]] = {}
    for case in run.cases:
        if case.measure:
            found[repr(case.measure)] = (case.measure, found.get(repr(case.measure), (case.measure, 0))[1] + 1)
    several = len(found) > 1
    return tuple(
        (f"{one.profile} profile{f', {count} cases' if several else ''}", _settings(one))
        for one, count in found.values()
    )


def _settings(one: Measure) -> Facts:
    wanted = f"± {one.precision * 100:g} % of the median" if one.precision else "none asked for"
    return (
        ("rounds (fresh processes)", f"{one.rounds}, at most {one.max_rounds}"),
        (
            "warm-up",
            f"{one.warmup_runs} runs and {one.warmup_s:g} s, then until it settles; at most {one.warmup_cap_s:g} s",
        ),
        ("timed loop", f"{one.min_runs} runs and {one.min_s:g} s; at most {one.cap_s:g} s"),
        ("precision", wanted),
        ("percentile bounds", ", ".join(f"p{percent}" for percent in one.percentiles) or "none asked for"),
        ("time limit of a round", duration(one.time_limit_s)),
    )


def provenance_of(run: Run) -> Facts:
    """What made this run, and what it takes to make it again."""
    rounds = sum(len(case.rounds) for case in run.cases)
    request = run.request
    asked = [f"--device {name}" for name in request.devices] + [f"--model {name}" for name in request.models]
    asked += [f"--profile {request.profile}"] if request.profile else []
    return (
        ("run", run.id),
        ("suite", run.suite),
        ("suite sha256", run.suite_sha256 or UNKNOWN),
        ("narrowed by", " ".join(asked) or "nothing: the whole suite"),
        ("seed of inputs and order", str(run.seed)),
        ("began (UTC)", run.started_utc or UNKNOWN),
        ("ended (UTC)", run.finished_utc or "not ended"),
        ("rounds", f"{rounds} measured, in a seeded order that takes turns between cases"),
        ("devbench", run.devbench_version),
        *((f"host {name}", value) for name, value in run.host.items()),
    )


def citation_of(run: Run, answer: str) -> str:
    """A BibTeX entry that names the run by its suite's hash and its id."""
    key = "".join(char for char in run.id if char.isalnum())
    year = run.started_utc[:4]
    fields = {
        "title": f"{{devbench run {run.id}: {answer}}}",
        "year": year,
        "note": f"devbench {run.devbench_version}, suite {run.suite}, suite sha256 {run.suite_sha256[:16]}, "
        f"began {run.started_utc}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def byline_of(run: Run) -> tuple[str, ...]:
    """When, how long, how thoroughly, and on what: a few words each."""
    facts = [case.rounds[0].facts for case in run.cases if case.rounds]
    machines = dict.fromkeys(", ".join(one[name] for name in ("cpu", "os") if one.get(name)) for one in facts)
    profiles = dict.fromkeys(f"{case.measure.profile} profile" for case in run.cases if case.measure)
    return tuple(text for text in (_when(run), *profiles, *machines, f"devbench {run.devbench_version}") if text)


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
