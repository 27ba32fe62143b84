"""What became of a case: measured, skipped or failed. Never None, never NaN, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Nanoseconds = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The first of an output's classes for the image that was fed. `score` is dequantized, as the network gives it."""

    index: int
    label: str
    score: float


@dataclass(frozen=True, kw_only=True)
class OutputTensor:
    """An output as the device gave it for the input that was fed; `data` is little-endian bytes, empty if large."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str
    data: bytes = b""
    scale: float = 0.0
    zero_point: int = 0


@dataclass(frozen=True, kw_only=True)
class RoundFacts:
    """Everything about a round but its samples.

    load_ns: open, allocate and compile; first_ns: the first inference.
    inferences_per_sample: more than 1 where one inference is too short to be timed alone.
    stopped_by: `counts` when runs and seconds were done, `cap` when the time was over before.
    cpu_ns_per_inference: CPU time of the whole worker process, all threads, in the timed loop.
    facts: what the worker saw of the machine, the interpreter and the runtime.
    """

    index: int
    started_utc: str
    duration_s: float
    load_ns: int
    first_ns: int
    warmup_samples: int
    samples: int
    inferences_per_sample: int
    stopped_by: str
    cpu_ns_per_inference: int
    peak_memory_bytes: int
    involuntary_switches: int
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One fresh worker process measuring one case.

    warmup_ns, samples_ns: int64 arrays, one entry per sample, nanoseconds per inference.
    """

    about: RoundFacts
    warmup_ns: Nanoseconds
    samples_ns: Nanoseconds
    outputs: tuple[OutputTensor, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Figures of all the samples of a case, in milliseconds; None where there are too few samples to say.

    low_ms, high_ms: the 95 % interval of the median. between_rounds: False if there was one round only,
        so that the interval says nothing of how much another process would differ.
    """

    rounds: int
    samples: int
    median_ms: float
    low_ms: float
    high_ms: float
    between_rounds: bool
    mean_ms: float
    min_ms: float
    max_ms: float
    stdev_ms: float | None
    p90_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A case with all its rounds done."""

    status: Literal["measured"] = "measured"
    summary: Summary
    prediction: Prediction | None = None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A case that could not be tried here, and why."""

    status: Literal["skipped"] = "skipped"
    reason: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A case that was tried and gave no result.

    phase: what was being done (`prepare`, `load`, `first`, `warmup`, `steady`...).
    log_tail: the end of what the worker said on stderr.
    """

    status: Literal["failed"] = "failed"
    error: str
    hint: str = ""
    phase: str = ""
    log_tail: str = ""


Outcome = Measured | Skipped | Failed
