"""The order of the rounds: those of each case spread evenly, in a seeded random order."""

from __future__ import annotations

import random
from collections.abc import Mapping


def interleaved(rounds: Mapping[str, int], seed: int) -> tuple[str, ...]:
    """Case ids, one for each round; `rounds` says how many each case has.

    Where all have the same number, each comes once before any comes twice; a case with fewer has them spread over the
    same time. Drift of the machine then hits all cases alike.
    """
    shuffler = random.Random(seed)  # noqa: S311 - an order, not a secret
    places = [
        ((number + shuffler.random()) / count, case_id) for case_id, count in rounds.items() for number in range(count)
    ]
    return tuple(case_id for _, case_id in sorted(places))
