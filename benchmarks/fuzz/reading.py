"""A trial of something that reads: one mutated input is read or refused, soon and in little memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from random import Random

from benchmarks.fuzz.apart import Trial
from devbench.errors import DevbenchError

SOON_S = 1.0  # of CPU time, so that a busy machine makes no findings
MOST_MIB = 500


def trial_of(mutated: Callable[[Random], bytes], read: Callable[[bytes], object]) -> Trial:
    """Give `read` what `mutated` makes."""

    def trial(random: Random) -> str:
        data = mutated(random)
        start, before_mib = time.process_time(), _peak_mib()
        try:
            read(data)
            word = "read"
        except DevbenchError:
            word = "refused"
        if time.process_time() - start > SOON_S:
            raise TimeoutError(f"{time.process_time() - start:.1f} s of CPU time for {data[:100]!r}")
        if _peak_mib() - before_mib > MOST_MIB:
            raise MemoryError(f"{_peak_mib() - before_mib:.0f} MiB for {data[:100]!r}")
        return word

    return trial


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
