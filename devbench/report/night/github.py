"""A night as the summary of a GitHub step, and as annotations of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from devbench.domain.night import LevelChange, Night
from devbench.printable import one_line
from devbench.report.night.words import (
    KINDS,
    change_text,
    headline,
    place_name,
    place_text,
    recovery_text,
    sentence,
    size_text,
    totals,
    undecided_text,
    worst_first,
)

MOST_OF_A_KIND = 10  # GitHub shows no more of a step, and says nothing of the rest
_MOST_LETTERS = 2000


def annotation_lines(night: Night) -> list[str]:
    """Workflow commands, a line each: errors for what is slower and for bad places, warnings for what is not known.

    At most ten of a kind; the last one tells how many are left out.
    """
    told = sorted(night.told, key=worst_first)
    errors = [("devbench: the lab failed", text) for text in night.problems]
    errors += [(f"devbench: {one.kind}", _with_cause(one)) for one in told if one.ratio > 1]
    errors += [("devbench: a bad place", place_text(one)) for one in night.unhealthy if one.health_after == "bad"]
    warnings = [("devbench: unknown", place_text(one)) for one in night.unhealthy if one.health_after == "unknown"]
    notices = [(f"devbench: {one.kind}", _with_cause(one)) for one in told if one.ratio <= 1]
    kinds = (("error", errors), ("warning", warnings), ("notice", notices))
    return list(chain.from_iterable(_of_kind(kind, found) for kind, found in kinds))


def _with_cause(change: LevelChange) -> str:
    then = f"; changed then: {'; '.join(change.changed_then)}" if change.changed_then else ""
    return f"{change_text(change)}{then}"


def _of_kind(kind: str, found: Sequence[tuple[str, str]]) -> Iterator[str]:
    kept = found if len(found) <= MOST_OF_A_KIND else found[: MOST_OF_A_KIND - 1]
    for title, text in kept:
        yield f"::{kind} title={_property(title)}::{_data(text)}"
    if left := len(found) - len(kept):
        yield f"::{kind} title=devbench::{left} more of this kind are left out here: see the summary"


def _data(text: str) -> str:
    """As GitHub's own toolkit escapes it."""
    return one_line(text)[:_MOST_LETTERS].replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(night: Night) -> str:
    """Markdown, the answer first. It may be longer than GitHub takes: what matters least is last."""
    return "\n".join(_lines(night)) + "\n"


def _lines(night: Night) -> Iterator[str]:
    yield f"## {_plain(headline(night))}"
    yield ""
    yield f"Night {_plain(night.id)}: {_plain(totals(night))}."
    if text := undecided_text(night):
        yield f"{_plain(text)}"
    yield ""
    for problem in night.problems:
        yield f"- **The lab failed:** {_plain(sentence(problem))}"
    for kind, title in KINDS.items():
        if found := sorted((one for one in night.told if one.kind == kind), key=worst_first):
            yield from (
                f"### {title}",
                "",
                "| what | change | since | changed then | reproduce |",
                "|---|---|---|---|---|",
            )
            yield from map(_change_row, found)
            yield ""
    if night.unhealthy:
        yield from ("### Places that need a hand", "", "| place | health | why | tried |", "|---|---|---|---|")
        for one in night.unhealthy:
            cells = (place_name(one), one.health_after, one.why, recovery_text(one))
            yield f"| {' | '.join(map(_plain, cells))} |"
        yield ""
    yield from (f"- {_plain(sentence(note))}" for note in night.notes)
    yield from ("", "<details><summary>All places</summary>", "")
    yield from ("| place | health | measured | failed | skipped |", "|---|---|--:|--:|--:|")
    for one in night.places:
        counts = f"{one.measured} | {one.failed} | {one.skipped}"
        yield f"| {_plain(place_name(one))} | {one.health_after} | {counts} |"
    yield from ("", "</details>")


def _change_row(change: LevelChange) -> str:
    command = f"`{one_line(change.reproduce).replace('`', '')}`".replace("|", "\\|") if change.reproduce else ""
    cells = (change.key.text or "everything", size_text(change), change.first_night, "; ".join(change.changed_then))
    return f"| {' | '.join(map(_plain, cells))} | {command} |"


def _plain(text: str) -> str:
    """Text that Markdown and HTML leave as it is, and that does not end a cell of a table."""
    shown = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    for mark in "\\`*_[]|#~@":
        shown = shown.replace(mark, f"&#{ord(mark)};" if mark == "@" else f"\\{mark}")
    return shown
