"""The sentences of a night: what changed, which places need a hand, what was measured. Every rendering has the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from devbench.domain.night import ChangeKind, LevelChange, Night, PlaceNight, SeriesKey
from devbench.printable import one_line
from devbench.report.numbers import count_of, duration, listed

KINDS: dict[ChangeKind, str] = {
    "software": "Software: a case, on all boards that run it",
    "board": "Boards: one board, with most of its cases",
    "odd one out": "Odd ones out: one case on one board",
}
_TWICE = 2.0


def headline(night: Night) -> str:
    """One sentence: what a reader must know first."""
    told, ill = night.told, night.unhealthy
    if night.problems:
        return f"The lab itself failed: {sentence(night.problems[0])}"
    parts = []
    if len(told) == 1:
        parts.append(change_text(told[0]))
    elif told:
        parts.append(_how_many(told))
    if ill:
        need = "needs" if len(ill) == 1 else "need"
        parts.append(f"{len(ill):,} of {count_of(len(night.places), 'place')} {need} a hand")
    if parts:
        return sentence(", and ".join(parts))
    if not any(one.measured for one in night.places):
        return "Nothing was measured."
    working = sum(one.measured > 0 for one in night.places)
    if night.watched == 0:
        return (
            f"{count_of(working, 'place')} measured, and no figure counts: all were disturbed. Try `devbench doctor`."
        )
    if night.watched and night.earlier_nights < night.needed_nights:
        needs = f"devbench needs {count_of(night.needed_nights, 'night')} before tonight; it has {night.earlier_nights}"
        return f"{count_of(working, 'place')} measured. To find changes, {needs}."
    return f"Nothing has changed on {count_of(working, 'place')}."


def change_text(change: LevelChange) -> str:
    """`mobilenet_v1 int8 tflite takes 2.3 % longer [1.9, 2.7] on 20 boards since the night of 2026-11-20`."""
    return f"{what_of(change.key)} {size_text(change)} {_where(change)} since the night of {change.first_night}"


def what_of(key: SeriesKey) -> str:
    """Which cases: `mobilenet_v1 int8 litert`; `every case` where it is of all."""
    return one_line(" ".join(filter(None, (key.model, key.precision, key.runtime, key.options)))) or "every case"


def place_of(key: SeriesKey) -> str:
    """Which place: `coral-usb desk`; "" where it is of all."""
    return one_line(" ".join(filter(None, (key.device, key.place))))


def size_text(change: LevelChange) -> str:
    """How the time of an inference changed: `takes 2.3 % longer [1.9, 2.7]`; from twice on as a factor."""
    if change.ratio >= _TWICE:
        return f"takes {change.ratio:.2f}× as long [{change.low:.2f}, {change.high:.2f}]"
    if change.ratio >= 1:
        value, low, high = ((one - 1) * 100 for one in (change.ratio, change.low, change.high))
        return f"takes {value:.1f} % longer [{low:.1f}, {high:.1f}]"
    value, low, high = ((1 - one) * 100 for one in (change.ratio, change.high, change.low))
    return f"takes {value:.1f} % less time [{low:.1f}, {high:.1f}]"


def _where(change: LevelChange) -> str:
    where = place_of(change.key)
    if change.kind == "software" and not change.key.place:
        boards = count_of(change.series, "board")
        return f"on {boards} of {where}" if where else f"on {boards}"
    if change.kind == "board":
        return f"on {where} ({count_of(change.series, 'case')})"
    return f"on {where}"


def place_name(place: PlaceNight) -> str:
    """`coral-usb desk`."""
    return one_line(f"{place.device} {place.place}")


def place_text(place: PlaceNight) -> str:
    """`coral-usb desk is bad (good before): …`, with what was tried to get it back."""
    before = f" ({place.health_before} before)" if place.health_before != place.health_after else ""
    why = f": {one_line(place.why)}" if place.why else ""
    return f"{place_name(place)} is {place.health_after}{before}{why}"


def recovery_text(place: PlaceNight) -> str:
    """What was tried: `reboot, power cycle (worked)`; "" where nothing was."""
    steps = [
        f"{one.what} ({'worked' if one.worked else f'failed: {one_line(one.why)}' if one.why else 'failed'})"
        for one in place.recovery
    ]
    return ", ".join(steps)


def totals(night: Night) -> str:
    """`198 of 200 places measured, 5,940 cases, 12 failed, in 5 h 10 min`."""
    measured, failed, skipped = (
        sum(getattr(one, name) for one in night.places) for name in ("measured", "failed", "skipped")
    )
    working = sum(one.measured > 0 for one in night.places)
    parts = [f"{working} of {count_of(len(night.places), 'place')} measured", count_of(measured, "case")]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{skipped} skipped"] if skipped else []
    took = f", in {duration(night.took_s)}" if night.took_s else ""
    unfinished = "" if night.finished_utc else "; the night is not finished"
    return f"{', '.join(parts)}{took}{unfinished}"


def undecided_text(night: Night) -> str:
    """How many candidates are not told, and why; "" where there are none."""
    counts = Counter(one.status for one in night.changes if one.status != "confirmed")
    parts = []
    if counts["refuted"]:
        parts.append(f"{count_of(counts['refuted'], 'candidate')} measured again and not confirmed")
    if counts["waiting"]:
        parts.append(f"{count_of(counts['waiting'], 'candidate')} still to be measured again")
    return sentence(listed(parts)) if parts else ""


def terminal_text(night: Night, width: int = 100) -> str:
    """The whole night in a few lines, the answer first."""
    import textwrap

    lines: list[str] = []
    for text, indent in _terminal(night):
        lines += textwrap.wrap(
            text,
            max(width, 40),
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines) + "\n"


def _terminal(night: Night) -> Iterator[tuple[str, int]]:
    yield headline(night), 0
    for problem in night.problems[1:]:  # the first is the headline
        yield sentence(problem), 2
    for change in sorted(night.told, key=worst_first):
        yield f"{change.kind}: {change_text(change)}", 2
        if change.changed_then:
            yield f"changed then: {one_line('; '.join(change.changed_then))}", 4
        if change.reproduce:
            yield f"reproduce: {one_line(change.reproduce)}", 4
    for place in night.unhealthy:
        tried = recovery_text(place)
        yield f"{place_text(place)}{f'; tried: {tried}' if tried else ''}", 2
    yield f"Night {night.id}: {totals(night)}.", 0
    if text := undecided_text(night):
        yield text, 0
    for note in night.notes:
        yield sentence(note), 0


def worst_first(change: LevelChange) -> float:
    """For sorting: what is slower by most first."""
    return -change.ratio


def sentence(text: str) -> str:
    """On one line, and with a full stop."""
    whole = one_line(text).strip()
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."


def _how_many(told: tuple[LevelChange, ...]) -> str:
    kinds = Counter(one.kind for one in told)
    names: dict[ChangeKind, str] = {
        "software": "by software",
        "board": "of a board",
        "odd one out": "of one case on one board",
    }
    parts = [f"{kinds[kind]} {name}" for kind, name in names.items() if kinds[kind]]
    return f"{count_of(len(told), 'change')} ({', '.join(parts)})"
