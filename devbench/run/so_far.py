"""What the rounds that are done come to, of a case that still has rounds to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devbench.domain.outcome import Nanoseconds
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.run.extend import judged_case
from devbench.run.summary import outcome_of


def case_so_far(run: Run, case: CaseRecord, samples: Mapping[int, Nanoseconds]) -> CaseRecord:
    """The case with an outcome of its rounds so far, if it has any and is pending; else as it is.

    samples: its steady samples by round.
    """
    if not isinstance(case.outcome, Pending) or not case.counting:
        return case
    case = judged_case(run, case, samples)
    alone = tuple(replace(about, compute_samples=0) for about in case.rounds)  # the second region can wait
    return replace(case, outcome=outcome_of(replace(case, rounds=alone), lambda _: samples))
