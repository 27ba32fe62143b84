"""How many bytes of parameters the compiler keeps, and whether the chip's memory holds them: ranges that were seen."""

from __future__ import annotations

from collections.abc import Iterable

from devbench import Operation
from devbench_edgetpu.check.mapping import Prediction

# Of 41 networks whose compiled file is public, the compiler kept 4 to 29 % more than the sum of the weights (median
# 10 %).
LEAST_MORE, MOST_MORE = 1.03, 1.30
# Beside that, tables of its own for softmax, logistic and tanh: 48 and 39 kB were seen.
TABLES_BYTES = 64 * 2**10
# What compiler logs in public reports show of the memory: used and remaining, together. It is shared with activations;
# a network of 512 x 512 pixels was seen to leave 3 MiB.
LEAST_MEMORY, MOST_MEMORY = 6 * 2**20, int(7.9 * 2**20)


def constant_bytes(operations: Iterable[Operation]) -> int:
    """The sum of the constants of these operations, each counted once."""
    return sum(
        {one.number: len(one.data) for operation in operations for one in operation.inputs if one.constant}.values()
    )


def kept_bytes(prediction: Prediction) -> tuple[int, int]:
    """At least and at most this many bytes are kept for the part on the TPU."""
    low, high = constant_bytes(prediction.least), constant_bytes(prediction.most)
    if not prediction.most:
        return 0, 0
    return int(low * LEAST_MORE), int(high * MOST_MORE) + TABLES_BYTES


def fits(kept: tuple[int, int]) -> bool | None:
    """Whether the chip holds as much; None if that is not known."""
    if kept[1] <= LEAST_MEMORY:
        return True
    return False if kept[0] > MOST_MEMORY else None
