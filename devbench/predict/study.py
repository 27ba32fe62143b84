"""A table with its fit, and how far off the fit is: each network predicted from all others.

Intervals are Student's t over the errors of these predictions, as logarithms. Only networks that would be given a
number count: the interval is of numbers that are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from devbench.predict.least_squares import fit
from devbench.predict.likeness import unlike
from devbench.predict.network import Network
from devbench.predict.shapes import Shape, Wall
from devbench.predict.tables import Figure, Table, published_tables, shape_of
from devbench.stats.student import t_quantile

LEAST_FOR_90, LEAST_FOR_80 = 10, 4  # errors; with fewer, the tails are not known
# No prediction is surer than this, as a logarithm: between the three Coral tables, the same network on nominally the
# same device differs by so much (root mean square of 48 pairs, without SSD).
BETWEEN_TABLES = 0.096
LEVELS: Mapping[float, int] = {0.9: LEAST_FOR_90, 0.8: LEAST_FOR_80}


@dataclass(frozen=True)
class Sum:
    """A fitted sum. factor: of a device that takes its shape from a relative."""

    shape: Shape
    costs: tuple[float, ...]
    factor: float = 1.0

    def time_ms(self, network: Network) -> float:
        """The time of one inference."""
        return sum(self.parts_ms(network).values())

    def parts_ms(self, network: Network) -> dict[Wall, float]:
        """The same, by where it goes."""
        _, parts = self.shape.times(self.shape.amounts([network]), np.array(self.costs))
        found: dict[Wall, float] = {}
        for term, part in zip(self.shape.terms, parts[0], strict=True):
            found[term.wall] = found.get(term.wall, 0.0) + self.factor * float(part)
        return found


@dataclass(frozen=True)
class Miss:
    """A figure beside what the others predict for it. reason: why no number would be given; "" if one would."""

    figure: Figure
    predicted_ms: float
    reason: str

    @property
    def log_error(self) -> float:
        """ln(predicted / published)."""
        return math.log(self.predicted_ms / self.figure.latency_ms)

    @property
    def error(self) -> float:
        """|predicted / published - 1|."""
        return abs(math.expm1(self.log_error))


@dataclass(frozen=True)
class Study:
    """Some figures of a table, with what follows from them."""

    table: Table
    figures: tuple[Figure, ...]
    relatives: tuple[Figure, ...] = ()

    @property
    def networks(self) -> list[Network]:
        """Those that the shape was fitted to."""
        return [figure.network for figure in self.relatives or self.figures]

    @cached_property
    def sum(self) -> Sum:
        """The fit to all figures."""
        sources = self.relatives or self.figures
        shape = shape_of(published_tables()[self.table.relative] if self.relatives else self.table, sources)
        times = np.array([figure.latency_ms for figure in sources])
        found = Sum(shape, tuple(fit(shape, shape.amounts([one.network for one in sources]), times)))
        if not self.relatives:
            return found
        logs = [math.log(figure.latency_ms / found.time_ms(figure.network)) for figure in self.figures]
        return Sum(shape, found.costs, math.exp(sum(logs) / len(logs)))

    def without(self, network: Network) -> Study:
        """The same without that network, here and at the relative."""
        return Study(
            self.table,
            tuple(one for one in self.figures if one.network != network),
            tuple(one for one in self.relatives if one.network != network),
        )

    @cached_property
    def misses(self) -> tuple[Miss, ...]:
        """Each figure beside what all others predict."""
        found = []
        for figure in self.figures:
            others = self.without(figure.network)
            reason = unlike(figure.network, others.networks)
            found.append(Miss(figure, others.sum.time_ms(figure.network), reason))
        return tuple(found)

    @cached_property
    def given(self) -> tuple[Miss, ...]:
        """Those that would be given a number."""
        return tuple(miss for miss in self.misses if not miss.reason)

    def half_width(self, level: float) -> float | None:
        """The factor on either side that holds with probability `level`; None where there are too few figures."""
        errors = [miss.log_error for miss in self.given]
        if len(errors) < LEVELS[level]:
            return None
        spread = max(BETWEEN_TABLES, math.sqrt(sum(error**2 for error in errors) / len(errors)))
        return math.exp(t_quantile((1 + level) / 2, len(errors) - 1) * spread)


@cache
def study_of(table_key: str) -> Study:
    """The table of this key with its figures that count."""
    table = published_tables()[table_key]
    return Study(
        table, tuple(table.figures), tuple(published_tables()[table.relative].figures) if table.relative else ()
    )
