"""Figures of several sources side by side: joined where they are of the same work, listed with the reason where not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from devbench.compare.grid import times_as_long
from devbench.domain.figure import Figure
from devbench.stats import Interval


@dataclass(frozen=True, kw_only=True)
class Work:
    """What two figures must agree in to be compared. batch: None where the source does not state it."""

    model: str
    input_size: str
    precision: str
    batch: int | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure. faster: how many times faster than its group's baseline."""

    figure: Figure
    faster: Interval | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Figures of the same work, fastest first. baseline: the one that the others are compared with."""

    work: Work
    baseline: Figure | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Sources side by side.

    apart: figures of the same models that were not joined, each with the reason.
    other_models: by source, how many of its models no other source has.
    """

    groups: tuple[Group, ...]
    apart: tuple[tuple[Figure, str], ...]
    other_models: Mapping[str, int]


def side_by_side(figures: Sequence[Figure], baseline: str = "") -> Beside:
    """Join `figures` by what they executed: around those that devbench measured, if there are any."""
    valued = [one for one in figures if one.has_value]
    measured = [one for one in valued if one.measured]
    wanted = {one["model"] for one in measured} or _models_in_several_sources(valued)
    works = _works([one for one in measured or valued if one["model"] in wanted])
    if not measured:
        works = dict.fromkeys(work for work in works if _sources_of(work, valued, works) > 1)
    members: dict[Work, list[Figure]] = {work: [] for work in works}
    apart = []
    for one in valued:
        if one["model"] not in wanted:
            continue
        if home := _home(one, works):
            members[home].append(one)
        else:
            apart.append((one, _why_apart(one, works)))
    others = Counter(
        source for source, _ in {(one["source"], one["model"]) for one in valued if one["model"] not in wanted}
    )
    return Beside(
        groups=tuple(_group(work, found, baseline) for work, found in members.items() if found),
        apart=tuple(apart),
        other_models=dict(sorted(others.items())),
    )


def work_of(figure: Figure) -> Work | None:
    """What the figure's network did; None where its source does not say so."""
    if not figure.input_size or not figure["precision"]:
        return None
    return Work(model=figure["model"], input_size=figure.input_size, precision=figure["precision"], batch=figure.batch)


def _works(figures: Sequence[Figure]) -> dict[Work, None]:
    """What these figures did; one whose batch is not stated is no work of its own where another states it."""
    found = dict.fromkeys(work for one in figures if (work := work_of(one)))
    stated = {replace(work, batch=None) for work in found if work.batch is not None}
    return {work: None for work in found if work not in stated}


def _models_in_several_sources(figures: Sequence[Figure]) -> set[str]:
    count = Counter(model for _, model in {(one["source"], one["model"]) for one in figures})
    return {model for model, sources in count.items() if sources > 1}


def _sources_of(work: Work, figures: Sequence[Figure], works: Mapping[Work, None]) -> int:
    return len({one["source"] for one in figures if _home(one, works) == work})


def _home(figure: Figure, works: Mapping[Work, None]) -> Work | None:
    """The work that the figure is of. A batch that is not stated agrees with any: its line says so."""
    own = work_of(figure)
    if own is None:
        return None
    alike = [
        one for one in works if (one.model, one.input_size, one.precision) == (own.model, own.input_size, own.precision)
    ]
    exact = [one for one in alike if one.batch == own.batch]
    loose = [one for one in alike if None in (one.batch, own.batch)]
    return next(iter(exact or loose), None)


def _why_apart(figure: Figure, works: Mapping[Work, None]) -> str:
    same_model = [work for work in works if work.model == figure["model"]]
    reasons = []
    if not same_model:
        return "no other source has it at the same input size and precision, both stated"
    if not figure.input_size:
        reasons.append("input size not stated")
    elif figure.input_size not in (sizes := {work.input_size for work in same_model}):
        reasons.append(f"input {figure.input_size}, not {' or '.join(sorted(sizes))}")
    if not figure["precision"]:
        reasons.append("precision not stated")
    elif figure["precision"] not in (precisions := {work.precision for work in same_model}):
        reasons.append(f"{figure['precision']}, not {' or '.join(sorted(precisions))}")
    return "; ".join(reasons) or "batch differs"


def _group(work: Work, figures: Sequence[Figure], baseline: str) -> Group:
    ranked = sorted(figures, key=_seconds)
    measured = [one for one in figures if one.measured]
    named = [one for one in measured or figures if baseline and baseline in (one["device"], one.device)]
    base = next(iter(named or measured or [one for one in figures if one["device"] == "desktop-cpu"]), None)
    lines = tuple(
        Line(figure=one, faster=times_as_long(base, one) if base and one is not base else None) for one in ranked
    )
    return Group(work=work, baseline=base, lines=lines)


def _seconds(figure: Figure) -> float:
    """For ranking only: a rate is ranked as if it were of one stream."""
    if figure.latency_ms:
        return figure.latency_ms.estimate / 1000
    return 1 / figure.throughput_per_s.estimate if figure.throughput_per_s else float("inf")
