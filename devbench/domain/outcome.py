"""What became of a case: measured, skipped or failed. Never None, never NaN, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from devbench.domain.conditions import Conditions, Reason, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Nanoseconds: TypeAlias = "npt.NDArray[np.int64]"


def _no_samples() -> Nanoseconds:
    import numpy as np

    return np.array([], dtype=np.int64)


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
    outputs_sha256: of all outputs for the input that was fed: the same in every round of a sound device.
    settled: False if the warm-up came to its cap and its last quarter was unlike the one before; True also where
        inferences are so long that it had too few of them (under ten) to tell, and where a fixed number was asked for.
    compute_samples: those of the compute alone, where an engine can time an inference without its copies.
    stopped_by: what ended the timed loop: `counts` (runs and seconds were done), `precision` (and the median was
        precise enough), `plateau` (more samples no longer helped) or `cap` (its time was over).
    cpu_ns_per_inference: CPU time of the whole worker process, all threads, in the timed loop.
    conditions: what else the machine did; reasons: what that makes of the round.
    loop_s: begin and end of the timed loop in the device's monotonic clock, for what was watched beside it.
    energy_mj: of one inference, above the idle baseline; None where nothing was there to read it from.
    superseded: True for a round that was measured again because of its reasons; it counts for no figure.
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
    compute_samples: int = 0
    outputs_sha256: str = ""
    settled: bool = True
    conditions: Conditions | None = None
    reasons: tuple[Reason, ...] = ()
    loop_s: tuple[float, float] | None = None
    energy_mj: float | None = None
    superseded: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One fresh worker process measuring one case.

    warmup_ns, samples_ns, compute_ns: int64 arrays, one entry per sample, nanoseconds per inference.
    """

    about: RoundFacts
    warmup_ns: Nanoseconds
    samples_ns: Nanoseconds
    compute_ns: Nanoseconds = field(default_factory=_no_samples)
    outputs: tuple[OutputTensor, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Figures of all the samples of a case, in milliseconds; None where there are too few samples to say.

    low_ms, high_ms: the 95 % interval of the median. between_rounds: False if there was one round only,
        so that the interval says nothing of how much another process would differ.
    p90_bound_ms, p99_bound_ms: what the true percentile does not exceed, with 99 % confidence if the samples
        are independent (MLPerf's early-stopping bound); None under 64 and 662 samples.
    outliers: how many samples lie more than three interquartile ranges out (Tukey); all are kept.
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
    p90_bound_ms: float | None = None
    p99_ms: float | None
    p99_bound_ms: float | None = None
    outliers: int = 0


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How narrow the interval of the median became, and what it would cost to halve it.

    reached, wanted: half of the interval over the median; wanted is None if none was asked for.
    rounds_to_halve: how many more rounds of the same kind; None where one round cannot tell.
    """

    reached: float
    wanted: float | None
    rounds_to_halve: int | None
    seconds_to_halve: float | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A case with all its rounds done. compute: of the inferences without their copies, where they were timed too."""

    status: Literal["measured"] = "measured"
    summary: Summary
    compute: Summary | None = None
    verdict: Verdict = field(default_factory=Verdict)
    precision: Precision | None = None
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
