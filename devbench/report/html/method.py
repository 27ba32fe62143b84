"""How the figures of a run were made: the settings of its cases, and where it comes from."""

from __future__ import annotations

import re

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
            f"{one.warmup_runs} runs and {one.warmup_s:g} s, then until it is steady; at most {one.warmup_cap_s:g} s",
        ),
        ("timed loop", f"{one.min_runs} runs and {one.min_s:g} s; at most {one.cap_s:g} s"),
        ("precision", wanted),
        ("percentile bounds", ", ".join(f"p{percent}" for percent in one.percentiles) or "none asked for"),
        ("time limit of a round", duration(one.time_limit_s)),
    )


def provenance_of(run: Run, run_sha256: str) -> Facts:
    """What made this run, and what it takes to make it again."""
    rounds = sum(len(case.rounds) for case in run.cases)
    request = run.request
    asked = [f"--device {name}" for name in request.devices] + [f"--model {name}" for name in request.models]
    asked += [f"--profile {request.profile}"] if request.profile else []
    return (
        ("run", run.id),
        ("run.json sha256", run_sha256 or UNKNOWN),
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


def citation_of(run: Run, answer: str, run_sha256: str) -> str:
    """A BibTeX entry with the id of the run and the hash of its run.json, which holds the hashes of its samples."""
    key = "".join(char for char in run.id if char.isalnum()) or "run"
    known = [f"run.json SHA-256 {run_sha256}"] if run_sha256 else []
    fields = {
        "title": f"devbench run {run.id}: {answer}",
        "year": run.started_utc[:4],
        "note": ", ".join(
            [f"suite {run.suite}", f"devbench {run.devbench_version}", f"began {run.started_utc}", *known]
        ),
    }
    lines = [f"  {name} = {{{{{_bibtex(value)}}}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{devbench{key},", *lines, "}"])


def _bibtex(text: str) -> str:
    """Without what is an order to TeX, and without braces, which would end the entry where they do not match."""
    return re.sub(r"[#$%&_]", r"\\\g<0>", re.sub(r"[\\{}~^]", " ", text))
