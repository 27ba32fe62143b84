"""More rounds where they are needed: for rounds that were disturbed, and for medians that are not precise enough.

It is decided once, when all planned rounds are done, so that looking at the results biases nothing: a round is
measured again for what the machine did, or because its series changed while it ran, never for the level of its median.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from devbench.domain.outcome import Nanoseconds, RoundFacts
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.run.order import interleaved
from devbench.run.verdict import canary_baseline, judge_round
from devbench.stats import median_interval

Samples = Callable[[str], Mapping[int, Nanoseconds]]


def judged(run: Run, samples: Samples) -> Run:
    """The run with each round's reasons, as the canaries of all rounds at its place now show them."""
    for case in run.cases:
        if not isinstance(case.outcome, Pending) or not case.rounds:
            continue
        run = run.with_case(judged_case(run, case, samples(case.id)))
    return run


def judged_case(run: Run, case: CaseRecord, samples: Mapping[int, Nanoseconds]) -> CaseRecord:
    """One case with its rounds' reasons. samples: its steady ones, by round."""
    usual_ns = canary_baseline(_rounds_at(run.cases, case))
    rounds = (replace(about, reasons=judge_round(about, samples[about.index], usual_ns)) for about in case.rounds)
    return replace(case, rounds=tuple(rounds))


def extended(run: Run, samples: Samples) -> Run:
    """The run with the rounds it still needs at the end of its order, and those they replace superseded."""
    run = judged(run, samples)
    wanted: dict[str, int] = {}
    for case in run.cases:
        if isinstance(case.outcome, Pending) and case.rounds and case.measure:
            changed, more = _extension(case, samples(case.id))
            run = run.with_case(changed)
            wanted[case.id] = more
    return replace(run, order=run.order + interleaved(wanted, run.seed + 1), extended=True)


def once_extended(run: Run, samples: Samples) -> Run | None:
    """The run with the rounds that it still needs; None if it was asked before."""
    return None if run.extended else extended(run, samples)


def without_more_rounds(run: Run, case: CaseRecord, error: str) -> Run:
    """The run when a round that was added to `case` has failed: it is left at those that it has.

    The least doubtful of those that were to be replaced count again, until as many count as were planned.
    """
    assert case.measure
    place = iter(range(len(case.rounds)))
    order = tuple(one for one in run.order if one != case.id or next(place, None) is not None)
    missing = max(0, case.measure.rounds - len(case.counting))
    left_out = sorted((about for about in case.rounds if about.superseded), key=_is_contaminated)
    again = {about.index for about in left_out[:missing]}
    rounds = tuple(replace(about, superseded=about.superseded and about.index not in again) for about in case.rounds)
    remark = f"one more round was wanted, and failed: {error}"
    return replace(run.with_case(replace(case, rounds=rounds, remarks=(*case.remarks, remark))), order=order)


def _extension(case: CaseRecord, samples: Mapping[int, Nanoseconds]) -> tuple[CaseRecord, int]:
    """The case with its worst rounds superseded, as many as may be measured again, and how many more rounds."""
    assert case.measure
    budget = max(0, case.measure.max_rounds - len(case.rounds))
    doubtful = sorted(
        (about for about in case.rounds if about.reasons),
        key=lambda about: (not _is_contaminated(about), about.index),
    )
    again = {about.index for about in doubtful[:budget]}
    case = replace(case, rounds=tuple(replace(about, superseded=about.index in again) for about in case.rounds))
    assert case.measure
    kept = [samples[about.index] for about in case.counting]
    wanted = case.measure.precision
    more = len(again)
    if wanted and kept and median_interval(kept).relative_half_width > wanted:
        more += case.measure.rounds
    return case, min(more, budget)


def _is_contaminated(about: RoundFacts) -> bool:
    return any(one.severity == "contaminated" for one in about.reasons)


def _rounds_at(cases: Iterable[CaseRecord], place: CaseRecord) -> Iterable[RoundFacts]:
    return (
        about for case in cases if (case.device, case.place) == (place.device, place.place) for about in case.rounds
    )
