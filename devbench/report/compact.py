"""The report that fits on a screen: the answer first, one table, five notes, and where the rest is."""

from __future__ import annotations

from itertools import islice

from devbench.compare.overview import Overview
from devbench.report.accuracy import accuracy_lines
from devbench.report.compact_notes import compact_notes
from devbench.report.compact_table import table_lines
from devbench.report.numbers import count_of, duration
from devbench.report.screen import ScreenLine, wrapped
from devbench.report.words import answer_sentences

_MOST_SENTENCES = 3


def compact_lines(overview: Overview, width: int, where: str, *, causes: bool = True) -> list[ScreenLine]:
    """The report in lines of at most `width` columns. where: of everything else; "" if it is nowhere.

    causes: whether to say why cases have no figure.
    """
    lines = [*_title(overview, width), ()]
    for text in islice(answer_sentences(overview, most_published=1), _MOST_SENTENCES):
        lines += wrapped(text, width, style="bold" if len(lines) == 2 else "")  # noqa: PLR2004 - the first
    if overview.grid.cells:
        lines += [(), *table_lines(overview.grid, width, overview.limits)]
    if found := accuracy_lines(overview, width):
        lines += [(), *found]
    if notes := compact_notes(overview, where, causes=causes):
        lines.append(())
        for text in notes:
            lines += wrapped(text, width)
    return lines


def _title(overview: Overview, width: int) -> list[ScreenLine]:
    """What was measured on what: what all cases have in common; broken between its parts."""
    lines = [""]
    for part in _title_parts(overview):
        longer = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    return [line for text in lines for line in wrapped(text, width)]


def _title_parts(overview: Overview) -> list[str]:
    about = overview.about
    if about is None:
        published = "" if overview.runs else "published, not measured here"
        return [part for part in (overview.title, published) if part]
    batch = f"batch {about.batches[0]}" if len(about.batches) == 1 else ""
    told = about.threads[0] if len(about.threads) == 1 else ""  # an option of a plugin: it may be anything
    threads = count_of(int(told), "thread") if told.isdecimal() else told and f"threads: {told}"
    precision = about.precisions[0] if len(about.precisions) == 1 else ""
    weights = [one.values["weights"] for one in overview.findings if one.cause == "weights"]
    random = "random weights" if weights and all("random" in one for one in weights) else ""
    single = [names[0] for names in (about.cpus, about.runtimes) if len(names) == 1]
    took = duration(about.seconds) if about.seconds is not None else "not finished"
    work = ", ".join(part for part in (precision, batch, random) if part)
    machine = ", ".join(part for part in (*single, threads) if part)
    return [part for part in (overview.title, work, machine, took) if part]
