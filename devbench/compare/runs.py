"""Two runs of one suite: which cases became slower, which faster, and where no difference is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from devbench.compare.alike import Agreement, agreement, quantizations, work_differs
from devbench.compare.comparison import Outputs, Samples
from devbench.domain.outcome import Failed, Measured, Nanoseconds
from devbench.domain.run import CaseRecord, Run
from devbench.stats import GeometricMean, Interval, geometric_mean_ratio, ratio_interval, undisturbed_ratio

Verdict = Literal["slower", "faster", "no difference shown", "within the threshold"]
Kind = Literal["slower", "faster", "missing", "failed", "answer"]
_SURROUNDINGS = {"runtime_version": "runtime version", "cpu": "CPU", "governor": "governor"}  # names of facts
_BY_FASTEST = "shown by the fastest percent of the samples (undisturbed), where the medians vary too much to show it"
_ONE_ROUND = "the interval does not include how much processes differ; verdicts need the `normal` profile"


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs, and where its samples and outputs are."""

    run: Run
    samples: Samples
    outputs: Outputs

    def rounds(self, case: CaseRecord) -> list[Nanoseconds]:
        """The samples of each round that counts."""
        found = self.samples(case.id)
        left_out = {about.index for about in case.rounds if about.superseded}
        return [found[number] for number in sorted(found) if number not in left_out]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of a case from OLD to NEW. old, new: None where the run does not have it.

    ratio: time in NEW over time in OLD, of the medians. undisturbed: of the fastest percent of the samples.
    reason: why there is none. notes: what a reader must know of it.
    agreement: what the answers of both say, where the same file was fed the same input.
    """

    id: str
    old: CaseRecord | None
    new: CaseRecord | None
    ratio: Interval | None = None
    undisturbed: Interval | None = None
    verdict: Verdict | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    agreement: Agreement | None = None

    def is_a(self, kind: Kind) -> bool:
        """Whether it is `slower`, `faster`, `missing` (measured in OLD, not in NEW), `failed` (in NEW) or `answer`.

        answer: the same file gave another answer to the same input, so the two did not do the same work.
        """
        if kind == "answer":
            return self.agreement is not None and bool(self.agreement.differ)
        outcome = self.new.outcome if self.new else None
        if kind == "missing":
            return self.old is not None and isinstance(self.old.outcome, Measured) and not isinstance(outcome, Measured)
        return isinstance(outcome, Failed) if kind == "failed" else self.verdict == kind


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All cases as NEW has them, then those only in OLD. overall: over those with a ratio, if two or more."""

    old: Run
    new: Run
    threshold: float
    cases: tuple[Change, ...]
    overall: GeometricMean | None
    notes: tuple[str, ...]


def compare_runs(old: Side, new: Side, threshold: float) -> Changes:
    """Compare each case of `new` with its namesake; a difference within `threshold` (0.01 is 1 %) does not matter."""
    before, after = ({case.id: case for case in side.run.cases} for side in (old, new))
    changes, above, below = [], [], []
    for case_id in dict.fromkeys([*after, *before]):
        one, other = before.get(case_id), after.get(case_id)
        change = _compared(Change(id=case_id, old=one, new=other), old, new)
        if one and other and not change.reason:
            below.append(old.rounds(one))
            above.append(new.rounds(other))
            ratio = ratio_interval(above[-1], below[-1], paired=False)
            undisturbed = undisturbed_ratio(above[-1], below[-1])
            verdict = verdict_of(ratio, threshold, undisturbed)
            notes = [_BY_FASTEST] if verdict != verdict_of(ratio, threshold) else []
            notes += _notes(one, other)
            if change.agreement and change.agreement.unconfirmed:
                notes.append(f"answers not confirmed: {change.agreement.unconfirmed}")
            change = replace(change, ratio=ratio, undisturbed=undisturbed, verdict=verdict, notes=tuple(notes))
        changes.append(change)
    return Changes(
        old=old.run,
        new=new.run,
        threshold=threshold,
        cases=tuple(changes),
        overall=geometric_mean_ratio(above, below, paired=False) if len(above) > 1 else None,
        notes=(*old.run.doubts, *new.run.doubts, *_unlike(_of_run(old.run), _of_run(new.run))),
    )


def verdict_of(ratio: Interval, threshold: float, undisturbed: Interval | None = None) -> Verdict:
    """Slower or faster where an interval shows a difference, and the estimate one that matters.

    The medians have the first word. Where they are too wide to tell, and allow for what the fastest percent says, that
    one has the second, at 99 %: on a shared machine it finds differences ten times smaller.
    """
    verdict = _verdict(ratio, threshold)
    if verdict in ("slower", "faster") or undisturbed is None or not ratio.holds(undisturbed.estimate):
        return verdict
    second = _verdict(undisturbed, threshold)
    return second if second in ("slower", "faster") else verdict


def _verdict(ratio: Interval, threshold: float) -> Verdict:
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


def _compared(change: Change, old_side: Side, new_side: Side) -> Change:
    """With the reason why there is no ratio, if so; what computes something else is no faster."""
    old, new = change.old, change.new
    if reason := _no_ratio(old, new):
        return replace(change, reason=reason)
    if not (old and new and _same_question(old, new)):
        return change
    found = agreement(old_side.outputs(old.id), new_side.outputs(new.id), quantizations(old, new))
    reason = f"another answer to the same input: {found.differ}" if found.differ else ""
    return replace(change, agreement=found, reason=reason)


def _same_question(old: CaseRecord, new: CaseRecord) -> bool:
    return all(_of_case(old)[what] == _of_case(new)[what] for what in ("file", "input"))


def _notes(old: CaseRecord, new: CaseRecord) -> Iterator[str]:
    """What is not the same on both sides and does not forbid a ratio, and what the figures of each are worth."""
    one, other = _of_case(old), _of_case(new)
    yield from _unlike(one, other)
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
