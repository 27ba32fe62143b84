"""What the rounds of a case come to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from devbench.run.summary import outcome_of
from tests.report.runs import case_of, samples_of


def test_a_round_without_time_for_the_compute_alone_takes_that_figure_from_no_other() -> None:
    """The first of three had none left: its samples are not there, and the case is not lost for it."""
    rounds = [samples_of(2_000_000, seed) for seed in range(3)]
    case = case_of("ant", "tpu", rounds)
    case = replace(
        case,
        rounds=tuple(
            replace(about, index=index, compute_samples=50 if index else 0) for index, about in enumerate(case.rounds)
        ),
    )
    compute = {1: np.full(50, 1_000_000), 2: np.full(50, 1_000_000)}
    found = outcome_of(case, lambda phase: dict(enumerate(rounds)) if phase == "steady" else compute)
    assert found.summary.rounds == 3
    assert found.compute
    assert found.compute.rounds == 2
    assert found.compute.median_ms == pytest.approx(1.0)
