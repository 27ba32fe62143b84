"""A night as a file for the textfile collector of Prometheus' node_exporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from devbench.domain.night import ChangeKind, Health, Night, SeriesKey
from devbench.lab.cases import NightCase
from devbench.printable import one_line

_HEALTH: tuple[Health, ...] = ("good", "unknown", "bad", "maintenance", "retired")
_KINDS: tuple[ChangeKind, ...] = ("software", "board", "odd one out")


def prometheus_text(night: Night, cases: Sequence[NightCase]) -> str:
    """Metrics in the text format. None has a time of its own: the collector refuses those."""
    return "".join(_lines(night, cases))


def _lines(night: Night, cases: Sequence[NightCase]) -> Iterator[str]:
    started = datetime.fromisoformat(night.started_utc).timestamp()
    finished = [datetime.fromisoformat(night.finished_utc).timestamp()] if night.finished_utc else []
    lab = {"lab": night.lab}
    yield from _metric("night_start_timestamp_seconds", "When the last night began.", [(lab, started)])
    yield from _metric("night_end_timestamp_seconds", "When it ended.", [(lab, at) for at in finished])
    yield from _metric("night_problems", "What the laboratory itself failed at.", [(lab, len(night.problems))])
    yield from _metric(
        "night_changes",
        "Confirmed changes of level, by kind.",
        [(lab | {"kind": kind}, sum(one.kind == kind for one in night.told)) for kind in _KINDS],
    )
    yield from _metric(
        "place_health",
        "1 for the health that a place has, 0 for all others.",
        [
            ({"device": one.device, "place": one.place, "health": health}, int(one.health_after == health))
            for one in night.places
            for health in _HEALTH
        ],
    )
    yield from _metric(
        "place_cases",
        "Cases of a place in the last night, by what became of them.",
        [
            ({"device": one.device, "place": one.place, "status": status}, getattr(one, status))
            for one in night.places
            for status in ("measured", "failed", "skipped")
        ],
    )
    latencies = {tuple(_of(one.key).items()): one.ms / 1000 for one in cases if one.ms}
    yield from _metric(
        "latency_seconds",
        "Time of one inference that nothing disturbed, in the last night.",
        [(dict(labels), value) for labels, value in latencies.items()],
    )
    ratios = {tuple((_of(one.key) | {"kind": one.kind}).items()): one.ratio for one in night.told}
    yield from _metric(
        "change_ratio",
        "Time of one inference over that before, of a confirmed change; above 1 is slower.",
        [(dict(labels), value) for labels, value in ratios.items()],
    )


def _of(key: SeriesKey) -> dict[str, str]:
    names = ("device", "place", "model", "precision", "runtime", "options")
    return {name: getattr(key, name) for name in names}


def _metric(name: str, about: str, values: Sequence[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    """One metric with all its lines together, each set of labels once."""
    if values:
        yield f"# HELP devbench_{name} {about}\n# TYPE devbench_{name} gauge\n"
    for labels, value in values:
        listed = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"devbench_{name}{{{listed}}} {value!r}\n"


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
