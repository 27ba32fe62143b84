"""Rounds that were disturbed are judged, and measured again.

That is decided once, when all planned rounds are done, so that looking at the results biases nothing: a round is
measured again for what the machine did, or because its series changed while it ran, never for the level of its median.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from devbench.domain.measure import Measure
from devbench.domain.outcome import Nanoseconds, RoundFacts
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.run.verdict import canary_baseline, judge_round

Samples = Callable[[str], Mapping[int, Nanoseconds]]
_FAILED = "one more round was wanted, and failed"


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


def with_doubtful_replaced(run: Run) -> tuple[Run, dict[str, int]]:
    """The run with the worst of its doubtful rounds superseded, and how many rounds of each case replace them.

    Done once, and for half of the rounds at most: a machine that disturbs most of them is like that now.
    """
    again: dict[str, int] = {}
    for case in run.cases:
        if isinstance(case.outcome, Pending) and case.rounds and case.measure:
            changed = _superseded(case, case.measure)
            again[case.id] = len(case.counting) - len(changed.counting)
            run = run.with_case(changed)
    return replace(run, extended=True), again


def gets_no_more(case: CaseRecord) -> bool:
    """Whether a round that was added to the case has failed: it is left at those that it has."""
    return any(remark.startswith(_FAILED) for remark in case.remarks)


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
    remark = f"{_FAILED}: {error}"
    return replace(run.with_case(replace(case, rounds=rounds, remarks=(*case.remarks, remark))), order=order)


def _superseded(case: CaseRecord, measure: Measure) -> CaseRecord:
    doubtful = sorted(
        (about for about in case.rounds if about.reasons),
        key=lambda about: (not _is_contaminated(about), about.index),
    )
    most = min(max(0, measure.max_rounds - len(case.rounds)), math.ceil(measure.rounds / 2))
    again = {about.index for about in doubtful[:most]}
    return replace(case, rounds=tuple(replace(about, superseded=about.index in again) for about in case.rounds))


def _is_contaminated(about: RoundFacts) -> bool:
    return any(one.severity == "contaminated" for one in about.reasons)


def _rounds_at(cases: Iterable[CaseRecord], place: CaseRecord) -> Iterable[RoundFacts]:
    return (
        about for case in cases if (case.device, case.place) == (place.device, place.place) for about in case.rounds
    )
