"""A round that a plugin has measured itself: its facts and its samples must fit each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from devbench.domain.outcome import Nanoseconds, OutputTensor, Round, RoundFacts
from devbench.plugin.schema import decoded

_LONGEST_NS = 86_400 * 10**9


@dataclass(frozen=True, kw_only=True)
class _Round:
    about: RoundFacts
    warmup_ns: bytes
    samples_ns: bytes
    compute_ns: bytes
    outputs: tuple[OutputTensor, ...]


def decoded_round(data: bytes) -> Round | None:
    """The round in `data`; None leaves it to devbench. A ValueError says what is wrong with it."""
    found = decoded(_Round | None, data)
    if found is None:
        return None
    about = found.about
    warmup, samples, compute = (_series(one) for one in (found.warmup_ns, found.samples_ns, found.compute_ns))
    if not samples.size:
        raise ValueError("a round without samples")
    counted = (about.warmup_samples, about.samples, about.compute_samples)
    if counted != (warmup.size, samples.size, compute.size):
        raise ValueError(
            f"its facts count {counted} samples, and there are {(warmup.size, samples.size, compute.size)}"
        )
    if not _in_range(about):
        raise ValueError("a time, a count or a size in its facts is out of range")
    return Round(about=about, warmup_ns=warmup, samples_ns=samples, compute_ns=compute, outputs=found.outputs)


def _in_range(about: RoundFacts) -> bool:
    times_ns = (about.load_ns, about.first_ns, about.cpu_ns_per_inference, round(about.duration_s * 10**9))
    begin_s, end_s = about.loop_s or (0.0, 1.0)
    return (
        all(0 <= one <= _LONGEST_NS for one in times_ns)
        and 1 <= about.inferences_per_sample < 1 << 40
        and 0 <= about.peak_memory_bytes < 1 << 60
        and begin_s < end_s
    )


def _series(data: bytes) -> Nanoseconds:
    series = np.frombuffer(data, dtype=np.int64)
    if series.size and (series.min() <= 0 or series.max() > _LONGEST_NS):
        raise ValueError("a sample of zero, of less, or of more than a day")
    return series
