"""The order of the rounds: every case once before any case twice, in a seeded random order each time."""

from __future__ import annotations

import random
from collections.abc import Sequence

from devbench.domain.case import PlannedCase


def interleaved(cases: Sequence[PlannedCase], seed: int) -> tuple[str, ...]:
    """Case ids, one for each round of the run: drift of the machine then hits all cases alike."""
    shuffler = random.Random(seed)  # noqa: S311 - an order, not a secret
    order: list[str] = []
    for number in range(max((case.measure.rounds for case in cases), default=0)):
        block = [case.id for case in cases if case.measure.rounds > number]
        shuffler.shuffle(block)
        order += block
    return tuple(order)
