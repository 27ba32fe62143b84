"""A fixed piece of work in a fresh process: what `devbench doctor --resolution` times. Prints nanoseconds as JSON.

Matrix products and copies of memory, as in a network, on one thread, by numpy alone: it needs no runtime and no model.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from time import perf_counter_ns

import numpy as np

_SIDE, _PRODUCTS = 192, 8
_COPIED_BYTES = 4 << 20  # more than most second-level caches hold


def main() -> None:
    """Do the work for so many seconds, on one CPU if one is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--cpu", type=int)
    chosen = parser.parse_args()
    if chosen.cpu is not None:
        os.sched_setaffinity(0, [chosen.cpu])
    sys.stdout.write(json.dumps(pieces_ns(chosen.seconds)))


def pieces_ns(seconds: float) -> list[int]:
    """What each piece took, one after the other; those of the first tenth of the time are warm-up and left out."""
    rng = np.random.default_rng(0)
    left, right = (rng.random((_SIDE, _SIDE), dtype=np.float32) for _ in range(2))
    product = np.empty_like(left)
    source, target = (np.zeros(_COPIED_BYTES, np.uint8) for _ in range(2))
    begin = perf_counter_ns()
    warm, end = begin + int(seconds * 1e8), begin + int(seconds * 1e9)
    taken: list[int] = []
    start = begin
    while start < end or len(taken) < 2:  # noqa: PLR2004
        for _ in range(_PRODUCTS):
            np.matmul(left, right, out=product)
        np.copyto(target, source)
        now = perf_counter_ns()
        if start >= warm:
            taken.append(now - start)
        start = now
    return taken


if __name__ == "__main__":
    main()
