"""The numbers of a decision as sentences."""

from __future__ import annotations

from collections.abc import Iterable

from devbench.domain.history import Decision, Explanation
from devbench.report.history.table import change_text
from devbench.report.numbers import milliseconds

_MOST_NIGHTS = 5


def explanation_lines(one: Explanation) -> list[str]:
    """Why there was an alarm, or why none; the answer comes first."""
    told = [kept for kept in one.kept if kept.change.status == "confirmed"]
    found = [decision for decision in one.decisions if decision.candidate]
    lines = [one.key.text, f"  {_answer(one, bool(told), found)}"]
    if one.figure_ms is not None and one.level_ms is not None:
        more = 100 * (one.figure_ms / one.level_ms - 1)
        way = "more" if more > 0 else "less"
        error = f"; standard error of this night {100 * one.own_error:.2f} %" if one.own_error is not None else ""
        before = f"the middle of its nights before ({milliseconds(one.level_ms)} ms, {one.nights} nights)"
        lines.append(
            f"  Night {one.night}: {milliseconds(one.figure_ms)} ms undisturbed, {abs(more):.1f} % {way} than "
            f"{before}{error}."
        )
    lines += [f"  {_sentence(decision)}" for decision in one.decisions]
    if one.left_out:
        nights = ", ".join(one.left_out[-_MOST_NIGHTS:])
        lines.append(f"  Contaminated nights count for nothing: {len(one.left_out)} left out, the last: {nights}.")
    lines += [f"  Decided in night {kept.night}: {change_text(kept.change)}. {kept.change.why}" for kept in one.kept]
    return lines


def _answer(one: Explanation, told: bool, found: Iterable[Decision]) -> str:
    if one.figure_ms is None:
        return f"No alarm: there is no figure of night {one.night} that counts."
    tonight = {kept.change.status for kept in one.kept if kept.night == one.night}
    names = "; ".join(decision.part for decision in found)
    if "confirmed" in tonight:
        return "An alarm: it changed, and the change was still there when it was measured again."
    if "refuted" in tonight:
        return "No alarm: it seemed to have changed, and the change was not there when it was measured again."
    if names:
        return f"No alarm yet. A candidate in: {names}. It is told if it is still there when it is measured again."
    if told:
        return "No new alarm. A change was told before (below); figures are compared with the level since then."
    return "No alarm: no part of it has left its level."


def _sentence(decision: Decision) -> str:
    if decision.impossible:
        return f"{decision.part}: {decision.impossible}."
    percent = 100 * (decision.change - 1)
    ends = f"[{100 * (decision.low - 1):+.1f} %, {100 * (decision.high - 1):+.1f} %]"
    nights = f"{decision.nights} night{'s' if decision.nights > 1 else ''}"
    checks = [
        (abs(percent) >= 100 * decision.least, f"{abs(percent):.1f} % (needed: {100 * decision.least:.1f} %)"),
        (decision.z >= decision.needed_z, f"{decision.z:.1f} standard errors (needed: {decision.needed_z:.1f})"),
        (
            decision.beyond_line >= decision.needed_beyond_line,
            f"{decision.beyond_line:.1f} beyond a straight line (needed: {decision.needed_beyond_line:.1f})",
        ),
    ]
    failed = [text for passed, text in checks if not passed]
    verdict = "candidate: " + ", ".join(text for _, text in checks) if not failed else "no: " + ", ".join(failed)
    if decision.slow:
        verdict = f"candidate: a slow drift of {100 * decision.drift:+.1f} % over {decision.drift_nights} nights"
    return (
        f"{decision.part}: {percent:+.1f} % {ends} in the last {nights}, since {decision.first_night}, against "
        f"{decision.nights_before} before; {verdict}. Nights differ by {100 * decision.spread:.2f} %, correlation with "
        f"the night before {decision.correlation:.2f}."
    )
