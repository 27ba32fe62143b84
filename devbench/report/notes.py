"""Each finding in words: what was seen, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devbench.compare.findings import Finding, Kind
from devbench.report.covered import WITHIN
from devbench.report.numbers import bare_figure_text, count_of, duration, percent

_STATISTICS = {"median": "Median", "mean": "Mean", "unspecified": "Statistic not stated"}


def text_of(finding: Finding) -> str:
    """What was seen, as a clause or a sentence without its full stop; without the cases and without the remedy."""
    word = _WORDS.get(finding.cause)
    return (word(finding.values) if word else finding.text).rstrip(".")


def remedy_of(finding: Finding) -> str:
    """What to do about it; "" if nothing can be done."""
    return finding.remedy or _REMEDIES.get(finding.cause, "")


def each_of(finding: Finding) -> tuple[str, ...]:
    """What was seen of each case, in the order of `finding.cases`; () where one text holds for all."""
    return tuple(_precision(one) for one in finding.each) if finding.cause == "precision" else ()


def note_of(finding: Finding) -> str:
    """The finding as one line for a list of notes: of whom, what, and what to do."""
    if finding.cause in _WHOLE:
        return _WHOLE[finding.cause](finding)
    details = each_of(finding)
    seen = text_of(finding)
    if details:
        seen = "; ".join(f"{case}: {text}" for case, text in zip(finding.cases, details, strict=True))
    subject = "" if details else _subject(finding)
    text = f"{subject}: {seen}" if subject else seen
    return " ".join(sentence(part) for part in (text, remedy_of(finding)) if part)


def sentence(text: str) -> str:
    """With a full stop, if it has no end of its own."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def cases_text(cases: Sequence[str]) -> str:
    """`a`, or `a and 3 more`."""
    return f"{cases[0]} and {len(cases) - 1} more" if len(cases) > 1 else cases[0]


def _subject(finding: Finding) -> str:
    if finding.kind in (Kind.CONTAMINATED, Kind.SUSPECT):
        some = f" ({len(finding.cases)} cases, one of them)" if len(finding.cases) > 1 else ""
        return f"{finding.cause}{some}"
    if finding.cause == "refused":
        return f"{cases_text(finding.cases)}: no ratio"
    if finding.cause == "unconfirmed":
        return f"{cases_text(finding.cases)}: answers not confirmed"
    if finding.cause == "failed":
        where = f" ({finding.values['phase']})" if finding.values["phase"] else ""
        return f"{cases_text(finding.cases)} failed{where}"
    if finding.cause == "skipped":
        return f"{cases_text(finding.cases)} skipped"
    if finding.cause == "no accuracy":
        return f"{cases_text(finding.cases)}: no accuracy"
    if finding.kind is Kind.ABSENT:
        return str(finding.values["device"])
    return cases_text(finding.cases) if finding.cases and finding.cause not in ("one round", "measured again") else ""


_STOPPED = {
    "budget": "the budget was over",
    "max_rounds": "there may be no more rounds (`max_rounds`)",
    "plateau": "more rounds no longer narrow it, as the level itself moves",
}


def _precision(values: Mapping[str, Any]) -> str:
    cost = why = ""
    if stopped := _STOPPED.get(values.get("stopped_by", "")):
        why = f" in {count_of(values['count'], 'round')}, and {stopped}"
        if values["to_reach"] and values["stopped_by"] != "plateau":
            why += f": it would take about {values['to_reach']} more"
    if values["rounds"] and values["seconds"]:
        more = f"{values['rounds']} more round{'' if values['rounds'] == 1 else 's'}"
        cost = f"; {more} (about {duration(values['seconds'])}) would halve it"
    return f"± {percent(values['reached'])} reached, ± {percent(values['wanted'])} asked for{why}{cost}"


def _cost_of_half(values: Mapping[str, Any]) -> str:
    least, most = values["least"], values["most"]
    rounds = count_of(most, "more round") if least == most else f"{least}–{most} more rounds"
    return f"{rounds} of each case (about {duration(values['seconds'])} in all) would halve the intervals {WITHIN}"


def _measured_again(values: Mapping[str, Any]) -> str:
    count = values["rounds"]
    was = "was" if count == 1 else "were"
    return f"{count_of(count, 'round')} {was} doubtful and measured again: kept, but in no figure"


def _counts(models: Mapping[str, int]) -> str:
    """`14 of one-source, 8 of another`."""
    return ", ".join(f"{count} of {source}" for source, count in models.items())


def _alike(values: Mapping[str, Any]) -> str:
    one, other = values["systems"]
    same, apart = values["same"], values["apart"]
    text = f"{one} and {other}: no difference shown for {len(same)} of {len(same) + len(apart)} models"
    text += f" ({', '.join(same)})"
    pairs = [f"{model} {bare_figure_text(a)} against {bare_figure_text(b)}" for model, a, b in apart]
    return f"{text}; they differ for {'; '.join(pairs)}" if pairs else text


def _no_bound(values: Mapping[str, Any]) -> str:
    return f"no bound of p{values['percent']}, which needs {values['needed']} samples: there are {values['samples']}"


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "alike": _alike,
    "one class": lambda values: f"it names one class for all {values['pictures']} pictures",
    "chance": lambda values: (
        f"its accuracy over {values['pictures']} pictures is not shown to be better than that of guessing"
    ),
    "quality lost": lambda values: f"it loses more than {values['drop']:g} points of accuracy",
    "batch not stated": lambda values: f"Batch not stated, assumed to be 1: {', '.join(values['sources'])}",
    "cost of half": _cost_of_half,
    "measured again": _measured_again,
    "no bound": _no_bound,
    "not tested for steadiness": lambda values: (
        f"a round of under {values['needed']} samples is not checked for a steady latency"
    ),
    "one round": lambda _: "One round: the interval does not cover differences between processes",
    "other models": lambda values: f"Other models, not in this table: {_counts(values['models'])}",
    "pending": lambda _: "the run ended before these were measured",
    "precision": lambda _: f"intervals {WITHIN} are wider than the suite asks for",
    "precision not stated": lambda values: f"Precision not stated: {', '.join(values['systems'])}",
    "precisions differ": lambda values: (
        f"Precision differs between columns ({', '.join(values['precisions'])}): ratios compare that as well"
    ),
    "statistic": lambda values: (
        f"{_STATISTICS.get(values['statistic'], 'Statistic not stated')}: {', '.join(values['sources'])}. "
        "What devbench measures is a median"
    ),
    "weights": lambda values: f"Weights: {values['weights']} ({', '.join(values['models'])})",
}
_PREPARATION = (
    "Are the pictures prepared as for training (`mean` and `std`)? Are the classes in the network's order (`labels:`)?"
)
_REMEDIES = {
    "one class": _PREPARATION,
    "chance": _PREPARATION,
    "quality lost": "See docs/models.md: what to do when accuracy drops.",
    "pictures left out": "The accuracy is of the other pictures.",
    "no bound": "Raise `min_runs` or `cap_s`.",
    "not tested for steadiness": "Raise `min_runs` or `cap_s`.",
    "one round": "Measure several: `rounds: 3`, or a profile as it is.",
    "pending": "Continue with `devbench run --resume FOLDER`.",
}


def _source(finding: Finding) -> str:
    return f"{finding.values['name']}: {finding.text}"


def _blank(finding: Finding) -> str:
    return f"{finding.text} ({cases_text(finding.values['cells'])})."


_WHOLE: dict[str, Callable[[Finding], str]] = {"source": _source, "no figure": _blank}
