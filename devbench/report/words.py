"""The sentences of a report: the answer, and what a reader must know. Every rendering uses the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, islice

from devbench.compare.answer import Contest, Fastest
from devbench.compare.between import Between
from devbench.compare.grid import Row, System
from devbench.compare.overview import Overview
from devbench.compare.ratios import Ratio
from devbench.domain.limits import Limit
from devbench.report.covered import what_is_covered
from devbench.report.numbers import (
    count_of,
    factor,
    factor_and_ends,
    figure_text,
    inverse,
    listed,
    milliseconds,
    no_difference,
)

UNDECIDED = "undecided: contaminated"
_BELOW = "below the limit"
_ALLOWS = {"compute": "what the arithmetic allows", "memory": "what the memory allows", "link": "what the link allows"}


def headline(overview: Overview) -> str:
    """One sentence: the answer to what the suite asks for."""
    return next(answer_sentences(overview))


def answer_sentences(overview: Overview, most_published: int | None = None) -> Iterator[str]:
    """The answer, the most important sentence first.

    most_published: of how many sources to tell, beside each ratio of two models; None for all.
    """
    answer = overview.answer
    if not answer.fastest:
        if not _answers_between(overview):
            yield _nothing(overview)
    elif answer.contest:
        yield _contest(answer.contest, overview)
    elif not overview.between:
        yield _one_system(answer.fastest)
    if overview.run:
        for between in overview.between:
            yield from _between(between, most_published)


def _answers_between(overview: Overview) -> bool:
    """Whether there is a ratio of two models: of contaminated figures there may be one, of what nothing disturbed."""
    if not overview.run:
        return False
    ratios = ((system, ratio) for one in overview.between for system, ratio in one.ratios.items())
    return any(system.ours and ratio.interval and ratio.shown != "undecided" for system, ratio in ratios)


def sureness(overview: Overview) -> str:
    """What the intervals of the answer cover, and how many of its figures are doubtful."""
    counts = overview.answer.counts
    measured = sum(counts.get(one, 0) for one in ("clean", "suspect", "contaminated"))
    if not measured and not overview.files:
        return "No case gave a figure."
    if not measured:
        return "Published figures: nothing was measured here. [ ] is what their rounding allows."
    text = "± and [ ] are 95 % intervals over fresh processes."
    if overview.answer.one_round:
        text = "± and [ ] are 95 % intervals. Some or all are from one process: they leave out how processes differ."
    if about := what_is_covered(cell.figure for cell in overview.grid.cells.values()):
        text += f" {about}"
    unconfirmed = sum(bool(cell.faster.unconfirmed) for cell in overview.grid.cells.values())
    if unconfirmed:
        text += f" The answers are not confirmed for {count_of(unconfirmed, 'ratio')}."
    doubtful = measured - counts.get("clean", 0)
    if not doubtful:
        return f"{text} {'The measured figure is' if measured == 1 else f'All {measured} measured figures are'} clean."
    left_out = " Contaminated figures take no part in the answer." if counts.get("contaminated") else ""
    return f"{text} {doubtful} of {count_of(measured, 'measured figure')} {_is(doubtful)} not clean.{left_out}"


def ratio_text(ratio: Ratio, *, more: str = "faster", less: str = "slower", ends: bool = True) -> str:
    """`1.31× faster [1.28, 1.35]`; below 1 it is turned over: `24.10× slower [23.9, 24.3]`, never `0.041×`.

    ends: whether the interval is told as well. "" where there is no ratio and none was asked for.
    """
    if ratio.interval is None:
        return "no ratio: not alike" if ratio.refused else ""
    if ratio.shown == "undecided":
        return UNDECIDED if ends else "undecided"
    if ratio.shown == "no difference":
        return no_difference(ratio.interval) if ends else "no difference"
    turned = ratio.interval if ratio.shown == "more" else inverse(ratio.interval)
    value, bounds = factor_and_ends(turned)
    parts = (value, more if ratio.shown == "more" else less, bounds if ends else "")
    return " ".join(part for part in parts if part)


def row_name(row: Row) -> str:
    """`mobilenet_v1 int8 224×224`, as much of it as is known."""
    size = row.size.replace("x", "×") if row.size[:1].isdigit() else row.size
    batch = f"batch {row.batch}" if row.batch and row.batch > 1 else ""
    return " ".join(part for part in (row.model, row.precision, size, batch) if part)


def short_row_names(rows: tuple[Row, ...]) -> Mapping[Row, str]:
    """Names with no more than it takes to tell the rows apart."""
    models = [row.model for row in rows]
    precise = [(row.model, row.precision) for row in rows]
    found = {}
    for row in rows:
        if models.count(row.model) == 1:
            found[row] = row.model
        elif precise.count((row.model, row.precision)) == 1:
            found[row] = f"{row.model} {row.precision}"
        else:
            found[row] = row_name(row)
    return found


def _nothing(overview: Overview) -> str:
    contaminated = overview.answer.counts.get("contaminated", 0)
    if not contaminated and overview.files and not overview.runs:
        return "No comparison: no two of these sources have figures of the same work."
    if not contaminated:
        return "Nothing was measured."
    which = "the one measured figure is" if contaminated == 1 else f"all {contaminated} measured figures are"
    return f"No answer: {which} contaminated."


def _one_system(fastest: tuple[Fastest, ...]) -> str:
    quick, slow = (pick(fastest, key=_estimate_ms) for pick in (min, max))
    if quick is slow:
        return f"{quick.row.model} takes {figure_text(quick.figure)} on {quick.system.name}."
    if not (quick.figure.latency_ms and slow.figure.latency_ms):
        return f"On {quick.system.name} {quick.row.model} is the fastest model and {slow.row.model} the slowest."
    return (
        f"On {quick.system.name} one inference takes from {milliseconds(quick.figure.latency_ms.estimate)} ms "
        f"({quick.row.model}) to {milliseconds(slow.figure.latency_ms.estimate)} ms ({slow.row.model})."
    )


def _estimate_ms(one: Fastest) -> float:
    if one.figure.latency_ms:
        return one.figure.latency_ms.estimate
    assert one.figure.throughput_per_s
    return 1000 / one.figure.throughput_per_s.estimate


def _contest(contest: Contest, overview: Overview) -> str:
    if not contest.rows:
        return "No comparison: no model has figures of two devices that can be trusted."
    if not contest.wins:
        names = dict.fromkeys(
            system.name for one in overview.answer.fastest if one.tied for system in (one.system, *one.tied)
        )
        return f"No difference shown between {listed(list(names))} for {_models(contest.rows)}."
    if contest.winner is None:
        parts = [f"{system.name} is fastest on {wins}" for system, wins in contest.wins.items()]
        rest = f"; no difference is shown on {contest.undecided}" if contest.undecided else ""
        return f"Of {_models(contest.rows)} {listed(parts)}{rest}."
    return f"{contest.winner.name} {_by_how_much(contest)}{_on_how_many(contest)}."


def _by_how_much(contest: Contest) -> str:
    if contest.over is None or contest.times is None:
        return "is the fastest"
    if contest.times.holds(1.0):
        text = f"and {contest.over.name}: {no_difference(contest.times)}"
        return f"{text} over {_models(contest.models)}"
    value, bounds = factor_and_ends(contest.times)
    text = f"{value} faster than {contest.over.name} {bounds}"
    if contest.models > 1:
        text += f" over {contest.models} models ({factor(contest.smallest)} to {factor(contest.largest)})"
    return f"is {text}"


def _on_how_many(contest: Contest) -> str:
    assert contest.winner
    wins = contest.wins[contest.winner]
    if wins == contest.rows:
        return f"; fastest on {'the one model' if wins == 1 else f'all {wins}'}"
    rest = f", no difference shown on {contest.undecided}" if contest.undecided else ""
    return f"; fastest on {wins} of {contest.rows}{rest}"


def _between(between: Between, most_published: int | None) -> Iterator[str]:
    names = between.slow.model, between.fast.model
    ours = {system: ratio for system, ratio in between.ratios.items() if system.ours}
    if ours:
        yield _measured_between(names, ours)
    theirs = [(system, ratio) for system, ratio in between.ratios.items() if not system.ours]
    groups = groupby(theirs, key=lambda pair: pair[0].source)
    for source, group in islice(groups, most_published):
        yield f"Published in {source}: {_published_between(list(group))}."


def _measured_between(names: tuple[str, str], ours: Mapping[System, Ratio]) -> str:
    slow, fast = names
    if len(ours) == 1:
        return _one_measured_between(slow, fast, *next(iter(ours.items())))
    parts = [f"{ratio_text(ratio, more='', less='faster')} on {system.name}" for system, ratio in ours.items()]
    return f"How many times as long {slow} takes as {fast}: {'; '.join(parts)}."


def _one_measured_between(slow: str, fast: str, system: System, ratio: Ratio) -> str:
    assert ratio.interval
    if ratio.shown == "undecided":
        return f"How many times as long {slow} takes as {fast} on {system.name} is {UNDECIDED}."
    if ratio.shown == "no difference":
        return f"{slow} and {fast} on {system.name}: {no_difference(ratio.interval)}."
    value, bounds = factor_and_ends(ratio.interval)
    return f"{slow} takes {value} as long as {fast} on {system.name} {bounds}."


def _published_between(pairs: list[tuple[System, Ratio]]) -> str:
    """Systems with the same ratio are named together."""
    found: dict[str, list[str]] = {}
    for system, ratio in pairs:
        if ratio.interval:
            found.setdefault(factor(ratio.interval.estimate), []).append(system.name)
    return "; ".join(f"{value} on {listed(names)}" for value, names in found.items())


def _models(count: int) -> str:
    return "the one model" if count == 1 else f"{count} models"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def limit_word(limit: Limit | None) -> str:
    """`link 82 %`: the wall, and how near the figure is to it; "" where no wall is known."""
    if limit is None or limit.wall is None or limit.share is None:
        return ""
    return _BELOW if limit.below else f"{limit.wall.name} {share_text(limit.share)}"


def share_text(share: float) -> str:
    """`82 %`; never 0 %."""
    return f"{share:.0%}".replace("%", " %") if share >= 0.01 else "under 1 %"  # noqa: PLR2004 - one percent


def near_text(limit: Limit) -> str:
    """`82 % of what the link allows`."""
    if limit.wall is None or limit.share is None:
        return ""
    if limit.below:
        return f"{_BELOW}: {factor(limit.share)} faster than {_ALLOWS[limit.wall.name]}"
    return f"{share_text(limit.share)} of {_ALLOWS[limit.wall.name]}"
