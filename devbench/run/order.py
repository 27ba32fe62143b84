"""The order of the rounds: every case once before any case twice, in a seeded random order each time."""

from __future__ import annotations

import random
from collections.abc import Mapping


def interleaved(rounds: Mapping[str, int], seed: int) -> tuple[str, ...]:
    """Case ids, one for each round; `rounds` says how many each case has.

    Drift of the machine then hits all cases alike.
    """
    shuffler = random.Random(seed)  # noqa: S311 - an order, not a secret
    order: list[str] = []
    for number in range(max(rounds.values(), default=0)):
        block = [case_id for case_id, count in rounds.items() if count > number]
        shuffler.shuffle(block)
        order += block
    return tuple(order)
