"""The fit: no negative cost, the least squares that there are, and what was put in comes out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from devbench.predict.least_squares import fit, nnls
from devbench.predict.network import published_networks
from devbench.predict.shapes import BY_KIND, EDGE_TPU, Shape


@pytest.mark.parametrize("seed", range(5))
def test_non_negative_least_squares_finds_the_best_of_all_subsets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, target = rng.standard_normal((9, 4)), rng.standard_normal(9)
    found = nnls(matrix, target)
    best = np.linalg.norm(target)
    for size in range(1, 5):
        for chosen in itertools.combinations(range(4), size):
            x = np.linalg.lstsq(matrix[:, chosen], target, rcond=None)[0]
            if (x >= 0).all():
                best = min(best, float(np.linalg.norm(matrix[:, chosen] @ x - target)))
    assert (found >= 0).all()
    assert np.linalg.norm(matrix @ found - target) == pytest.approx(best)


@pytest.mark.parametrize(
    ("shape", "costs"),
    [(EDGE_TPU, [0.6, 1.2e-9, 1.3e-7, 2.2e-6]), (BY_KIND, [2.0, 4e-9, 3e-9, 4e-7, 2e-8, 3e-8])],
    ids=["edge-tpu", "by-kind"],
)
def test_costs_that_made_the_times_are_found_again_though_one_row_is_wrong(shape: Shape, costs: list[float]) -> None:
    networks = list(published_networks().values())
    amounts = shape.amounts(networks)
    times = shape.times(amounts, np.array(costs))[0]
    assert fit(shape, amounts, times) == pytest.approx(costs, rel=1e-3)
    times[0] *= 2
    predicted = shape.times(amounts, fit(shape, amounts, times))[0]
    assert np.median(np.abs(predicted[1:] / times[1:] - 1)) < 0.02


def test_what_overlaps_is_less_than_the_sum_and_more_than_either() -> None:
    amounts = EDGE_TPU.amounts([published_networks()["resnet_v1_50", "299x299"]])
    time, parts = EDGE_TPU.times(amounts, np.array([0.5, 2e-9, 0.0, 1e-6]))
    compute, link = amounts[0, 1] * 2e-9, amounts[0, 3] * 1e-6
    assert time[0] == pytest.approx(0.5 + np.hypot(compute, link))
    assert parts.sum() == pytest.approx(time[0])
