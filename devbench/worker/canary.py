"""The canary: a reference workload, always the same. If it takes longer, the machine is slower than before."""

import hashlib

from .clock import now_ns

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Dict

_PIECE = bytes(range(256)) * 1024  # 256 KiB: more than the first cache, less than the last
_PIECES = 100


def run() -> "Dict[str, int]":
    """Nanoseconds that all pieces took, and the fastest one times their number.

    The first is longer when the cores are shared, the second only when they are slower.
    """
    durations = []
    for _ in range(_PIECES):
        start = now_ns()
        hashlib.sha256(_PIECE).digest()
        durations.append(now_ns() - start)
    return {"total_ns": sum(durations), "best_ns": min(durations) * _PIECES}
