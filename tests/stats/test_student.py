"""Student's t against printed tables."""

import math

import pytest

from devbench.stats.student import t_quantile


@pytest.mark.parametrize(
    ("probability", "degrees", "table"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.30265),
        (0.975, 4, 2.77645),
        (0.975, 9, 2.26216),
        (0.995, 2, 9.92484),
        (0.95, 30, 1.69726),
        (0.975, math.inf, 1.95996),
    ],
)
def test_agrees_with_the_tables(probability: float, degrees: float, table: float) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(table, rel=2e-5)


def test_one_degree_of_freedom_is_the_cauchy_distribution() -> None:
    assert t_quantile(0.99, 1) == pytest.approx(math.tan(math.pi * 0.49), rel=1e-9)


def test_two_degrees_of_freedom_have_a_closed_form() -> None:
    p = 0.9
    assert t_quantile(p, 2) == pytest.approx((2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p))), rel=1e-9)


def test_fractions_of_a_degree_agree_with_summing_the_density() -> None:
    degrees = 2.5
    end, steps = t_quantile(0.975, degrees), 20_000
    scale = math.gamma(1.75) / math.gamma(1.25) / math.sqrt(degrees * math.pi)
    points = ((i + 0.5) * end / steps for i in range(steps))
    mass = sum(scale * (1 + t * t / degrees) ** -1.75 for t in points) * end / steps
    assert mass == pytest.approx(0.475, rel=1e-8)


def test_is_symmetric_and_zero_in_the_middle() -> None:
    assert t_quantile(0.025, 3) == -t_quantile(0.975, 3)
    assert t_quantile(0.5, 3) == pytest.approx(0.0, abs=1e-12)


def test_joins_the_normal_smoothly() -> None:
    assert t_quantile(0.975, 0.99e6) == pytest.approx(t_quantile(0.975, 1.01e6), rel=1e-5)


@pytest.mark.parametrize(("probability", "degrees"), [(0, 1), (1, 1), (0.9, 0), (0.9, math.nan)])
def test_refuses_what_has_no_quantile(probability: float, degrees: float) -> None:
    with pytest.raises(ValueError, match="must"):
        t_quantile(probability, degrees)
