"""Two runs of one suite: which cases became slower, which faster, and where no difference is shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from devbench.compare.alike import Agreement, agreement, quantizations, work_differs
from devbench.compare.figures import RunSource, figures_of
from devbench.compare.ratios import mean_times, times_as_long, times_undisturbed
from devbench.domain.figure import Figure
from devbench.domain.outcome import Failed, Measured
from devbench.domain.run import CaseRecord, Run
from devbench.stats import GeometricMean, Interval

Difference = Literal["slower", "faster", "no difference shown", "within the threshold", "undecided: contaminated"]
Kind = Literal["slower", "faster", "missing", "failed", "answer"]
_SURROUNDINGS = {"runtime_version": "runtime version", "cpu": "CPU", "governor": "governor"}  # names of facts
_IS_ONE = "OLD and NEW are the same run"
_BY_FASTEST = "shown by the fastest percent of the samples (undisturbed), where the medians vary too much to show it"
_ONE_ROUND = "the interval does not cover differences between processes; for verdicts, use the `normal` profile"


@dataclass(frozen=True, kw_only=True)
class CaseChange:
    """What became of a case from OLD to NEW. old, new: None where the run does not have it.

    ratio: time in NEW over time in OLD, of the medians. undisturbed: of the fastest percent of the samples.
    reason: why there is none. notes: what a reader must know of it. doubts: those of them that its verdicts tell of.
    agreement: what the answers of both say, where the same file was fed the same input.
    """

    id: str
    old: CaseRecord | None
    new: CaseRecord | None
    ratio: Interval | None = None
    undisturbed: Interval | None = None
    difference: Difference | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    agreement: Agreement | None = None

    def is_a(self, kind: Kind) -> bool:
        """Whether it is `slower`, `faster`, `missing` (measured in OLD, not in NEW), `failed` (in NEW) or `answer`.

        answer: the same file gave a different answer to the same input, so the two did not do the same work.
        """
        if kind == "answer":
            return self.agreement is not None and bool(self.agreement.differ)
        outcome = self.new.outcome if self.new else None
        if kind == "missing":
            return self.old is not None and isinstance(self.old.outcome, Measured) and not isinstance(outcome, Measured)
        return isinstance(outcome, Failed) if kind == "failed" else self.difference == kind


@dataclass(frozen=True, kw_only=True)
class RunChanges:
    """All cases as NEW has them, then those only in OLD.

    overall: over those with a ratio, if two or more.
    resolution: the smallest difference that can be shown between these two runs, by the case where it is smallest: 0.06
        is 6 %; None where nothing was compared. earlier_runs: what the spread between runs was learned from, at least,
        of the cases that are compared.
    """

    old: Run
    new: Run
    threshold: float
    cases: tuple[CaseChange, ...]
    overall: GeometricMean | None
    notes: tuple[str, ...]
    resolution: float | None = None
    earlier_runs: int = 0


def compare_runs(old: RunSource, new: RunSource, threshold: float) -> RunChanges:
    """Compare each case of `new` with its namesake; a difference within `threshold` (0.01 is 1 %) does not matter."""
    before, after = ({one["case"]: one for one in figures_of(source)} for source in (old, new))
    changes, decided = [], []
    for case_id in dict.fromkeys([*after, *before]):
        one, other = before.get(case_id), after.get(case_id)
        change = _change(case_id, one, other, (old, new), threshold)
        changes.append(change)
        if one and other and change.ratio and not (one.contaminated or other.contaminated):
            decided.append((other, one))
    is_one = old.name == new.name
    return RunChanges(
        old=old.run,
        new=new.run,
        threshold=threshold,
        cases=tuple(changes),
        overall=mean_times(decided) if len(decided) > 1 else None,
        resolution=None if is_one else _resolution(changes),
        earlier_runs=min(
            (_earlier_runs(case) for one in changes if one.ratio for case in (one.old, one.new)), default=0
        ),
        notes=(
            *([_IS_ONE] if is_one else []),
            *old.run.doubts,
            *new.run.doubts,
            *_unlike(_of_run(old.run), _of_run(new.run)),
        ),
    )


def _change(
    case_id: str, old: Figure | None, new: Figure | None, sources: tuple[RunSource, RunSource], threshold: float
) -> CaseChange:
    cases = old.case if old else None, new.case if new else None
    reason, answers = _no_ratio(*cases), Agreement()
    if not reason:
        answers = _agreement(*cases, *sources)
        reason = f"a different answer to the same input: {answers.differ}" if answers.differ else ""
    change = CaseChange(id=case_id, old=cases[0], new=cases[1], reason=reason, agreement=answers)
    if reason or not (old and new and old.case and new.case):
        return change
    ratio = times_as_long(new, old).interval
    assert ratio  # both are measured
    undisturbed = times_undisturbed(new, old)
    contaminated = old.contaminated or new.contaminated
    difference = difference_of(ratio, threshold, undisturbed, contaminated=contaminated)
    by_fastest = (contaminated and undisturbed) or difference != difference_of(ratio, threshold, None)
    notes = [_BY_FASTEST] if by_fastest and difference != "undecided: contaminated" else []
    doubts = tuple(_doubts(old.case, new.case))
    notes += [*_unlike(_of_case(old.case), _of_case(new.case)), *doubts]
    notes += [f"answers not confirmed: {answers.unconfirmed}"] if answers.unconfirmed else []
    return replace(
        change, ratio=ratio, undisturbed=undisturbed, difference=difference, notes=tuple(notes), doubts=doubts
    )


def _resolution(changes: Sequence[CaseChange]) -> float | None:
    """By the medians or by the fastest percent, whichever sees more; of what is undecided only if all is."""
    decided = [one for one in changes if one.difference and one.difference != "undecided: contaminated"]
    found = [one for change in decided or changes for one in (change.ratio, change.undisturbed) if one]
    return min((math.sqrt(one.high / one.low) - 1 for one in found), default=None)


def _earlier_runs(case: CaseRecord | None) -> int:
    return case.between_runs.runs if case and case.between_runs else 0


def difference_of(
    ratio: Interval, threshold: float, undisturbed: Interval | None = None, *, contaminated: bool = False
) -> Difference:
    """Slower or faster where an interval shows a difference, and the estimate one that matters.

    The medians have the first word. Where they are too wide to tell, and allow for what the fastest percent says, that
    one has the second, at 99 %: on a shared machine it finds differences ten times smaller. It alone is asked where
    rounds of a side are contaminated; if it cannot say, nothing is decided.
    """
    if contaminated:
        return _difference(undisturbed, threshold) if undisturbed else "undecided: contaminated"
    first = _difference(ratio, threshold)
    if first in ("slower", "faster") or undisturbed is None or not ratio.holds(undisturbed.estimate):
        return first
    second = _difference(undisturbed, threshold)
    return second if second in ("slower", "faster") else first


def _difference(ratio: Interval, threshold: float) -> Difference:
    if ratio.holds(1.0):
        return "no difference shown"
    if ratio.low > 1.0 and ratio.estimate >= 1 + threshold:
        return "slower"
    if ratio.high < 1.0 and ratio.estimate <= 1 / (1 + threshold):
        return "faster"
    return "within the threshold"


def _no_ratio(old: CaseRecord | None, new: CaseRecord | None) -> str:
    """Why there is no ratio; "" if there is one."""
    reasons = [f"only in {other}" for case, other in ((old, "NEW"), (new, "OLD")) if case is None]
    for case, where in ((old, "OLD"), (new, "NEW")):
        if case and not isinstance(case.outcome, Measured):
            why = getattr(case.outcome, "reason", "") or getattr(case.outcome, "error", "")
            reasons.append(f"{case.outcome.status} in {where}" + (f" ({why})" if why else ""))
    if reasons or not (old and new):
        return "; ".join(reasons)
    if old.artifact and new.artifact:  # another build of a model may well be what is compared: a note, no refusal
        new = replace(new, artifact=replace(new.artifact, weights=old.artifact.weights))
    return work_differs(old, new)


def _agreement(old: CaseRecord | None, new: CaseRecord | None, old_run: RunSource, new_run: RunSource) -> Agreement:
    """Whether one file answered one input alike on both sides; a network that computes something else is not faster."""
    if not (old and new and _same_question(old, new)):
        return Agreement()
    return agreement(old_run.outputs(old.id), new_run.outputs(new.id), quantizations(old, new))


def _same_question(old: CaseRecord, new: CaseRecord) -> bool:
    return all(_of_case(old)[what] == _of_case(new)[what] for what in ("file", "input"))


def _doubts(old: CaseRecord, new: CaseRecord) -> Iterator[str]:
    """What the figures of each side are worth."""
    for case, where in ((old, "OLD"), (new, "NEW")):
        if isinstance(case.outcome, Measured):
            if not case.outcome.summary.between_rounds:
                yield f"one round in {where}: {_ONE_ROUND}"
            if codes := [reason.code for reason in case.outcome.verdict.reasons]:
                yield f"{case.outcome.verdict.status} in {where}: {', '.join(codes)}"


def _of_case(case: CaseRecord) -> dict[str, str]:
    counted = [about.facts for about in case.counting]
    seen = {  # more than one of a kind where the run was taken up again after a change
        label: " and ".join(dict.fromkeys(facts.get(name, "unknown") for facts in counted))
        for name, label in _SURROUNDINGS.items()
    }
    return {"file": f"{case.artifact.sha256[:12]}…" if case.artifact else "unknown", "input": case.input, **seen}


def _of_run(run: Run) -> dict[str, str]:
    return {"suite": run.suite, "text of the suite": f"{run.suite_sha256[:12]}…", "devbench": run.devbench_version}


def _unlike(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    return (f"another {what}: {old[what]} / {new[what]}" for what in old if old[what] != new[what])
