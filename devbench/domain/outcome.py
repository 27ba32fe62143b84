"""What became of a case: measured, skipped or failed. Never None, never NaN, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Literal, TypeAlias

from devbench.domain.conditions import Conditions, Reason, Verdict
from devbench.domain.ranges import (
    AtLeastOne,
    Count,
    Int64,
    Milliseconds,
    NotNegative,
    Positive,
    RoundIndex,
    Samples,
    Seconds,
    SomeSamples,
    Time,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Nanoseconds: TypeAlias = "npt.NDArray[np.int64]"


def _no_samples() -> Nanoseconds:
    import numpy as np

    return np.array([], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The first of an output's classes for the image that was fed. `score` is dequantized, as the network gives it.

    logit: whether the scores cannot be probabilities: the network ends before its softmax.
    """

    index: Count
    label: str
    score: float
    logit: bool = False

    def __str__(self) -> str:
        """`daisy 0.97`, or `daisy, logit 5.16`."""
        return f"{self.label or self.index}{', logit' if self.logit else ''} {self.score:.2f}"


@dataclass(frozen=True, kw_only=True)
class OutputTensor:
    """An output as the device gave it for the input that was fed, and for a second input after the timed loops.

    sha256: of all its values, little-endian, -0.0 as 0.0 and all NaNs as one. data: the values themselves, or a fixed
        sample of them where there are many; empty where none were kept.
    second_sha256, second_data: the same for the second input; empty where there was none.
    scale, zero_point: of its integers; of a float output, of the integers that it was dequantized from.
    """

    name: str
    dtype: str
    shape: tuple[Count, ...]
    sha256: str
    data: bytes = b""
    second_sha256: str = ""
    second_data: bytes = b""
    scale: float = 0.0
    zero_point: Int64 = 0

    @property
    def whole(self) -> bool:
        """Whether `data` holds every value."""
        import numpy as np

        return len(self.data) == prod(self.shape) * np.dtype(self.dtype).itemsize

    def real(self, data: bytes) -> npt.NDArray[np.float64]:
        """The real numbers that `data` (of the first or of the second input) stands for; a complex one is two."""
        import numpy as np

        kind = np.dtype(self.dtype)
        stored = f"<f{kind.itemsize // 2}" if kind.kind == "c" else kind.newbyteorder("<")
        values = np.frombuffer(data, dtype=stored).astype(np.float64)
        return (values - self.zero_point) * self.scale if self.scale and kind.kind in "iu" else values


@dataclass(frozen=True, kw_only=True)
class EngineCheck:
    """What was seen of an engine outside of the timed loop: did it do the work that was timed?

    Two inputs were fed in turns. Of each step this is the fastest of a few, in wall-clock time, and in CPU time of the
    worker. fed_ns: the inference right after a feed. outputs_ns: handing over the outputs, of output_bytes.
    feed_ns: the feed itself.

    after_cpu_ns: CPU time in a pause of pause_ns after an inference; 0 if there was no pause.
    late: the first answer to an input was that to the one before, and the next one was not.
    silent: two different inputs got the same answer.
    shapes: how inputs or outputs differ from those in the file.
    grown_bytes: what resident memory gained in the timed loop.
    waits: how often the worker gave up its core, to wait for something, in the timed loop.
    cores: how many may be used, by the option `threads`; 0 where nothing says so; None where no CPU computes.
    """

    fed_ns: Count
    fed_cpu_ns: Count
    outputs_ns: Count
    outputs_cpu_ns: Count
    output_bytes: Count
    feed_ns: Count
    feed_cpu_ns: Count
    after_cpu_ns: Count = 0
    pause_ns: Count = 0
    late: bool = False
    silent: bool = False
    shapes: str = ""
    grown_bytes: Count = 0
    waits: Count = 0
    cores: Count | None = None


@dataclass(frozen=True, kw_only=True)
class RoundFacts:
    """Everything about a round but its samples.

    load_ns: open, allocate and compile; first_ns: the first inference.
    inferences_per_sample: more than 1 where one inference is too short to be timed alone.
    outputs_sha256: of all outputs for the input that was fed: the same in every round of a sound device.
    settled: whether the warm-up became steady: False if it came to its cap and its last quarter was unlike the one
        before; True also where inferences are so long that it had too few of them (under ten) to tell, and where a
        fixed number was asked for.
    compute_samples: those of the compute alone, where an engine can time an inference without its copies.
    stopped_by: what ended the timed loop: `counts` (runs and seconds were done) or `cap` (its time was over); in older
        runs also `precision` (and the median was precise enough) and `plateau` (more samples no longer helped).
    cpu_ns_per_inference: CPU time of the whole worker process, all threads, in the timed loop.
    conditions: what else the machine did; reasons: what that makes of the round.
    loop_s: begin and end of the timed loop in the device's monotonic clock, for what was watched beside it.
    check: what was seen of the engine; None where there was no time for it, or nothing to feed.
    energy_mj: of one inference, above the idle baseline; None where nothing was there to read it from.
    superseded: True for a round that was measured again because of its reasons; it counts for no figure.
    facts: what the worker saw of the machine, the interpreter and the runtime.
    """

    index: RoundIndex
    started_utc: Time
    duration_s: Seconds
    load_ns: Count
    first_ns: Count
    warmup_samples: Samples
    samples: SomeSamples
    inferences_per_sample: AtLeastOne
    stopped_by: str
    cpu_ns_per_inference: Count
    peak_memory_bytes: Count
    compute_samples: Samples = 0
    outputs_sha256: str = ""
    settled: bool = True
    conditions: Conditions | None = None
    reasons: tuple[Reason, ...] = ()
    loop_s: tuple[float, float] | None = None
    check: EngineCheck | None = None
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

    low_ms, high_ms: the 95 % interval of the median. covers: what it covers: `machine` is measuring again at another
        time on this machine, `run` is another round of this run, which is all that older runs have.
    run_low_ms, run_high_ms: the narrower interval, within this run: for ratios inside it.
    between_rounds: False if there was one round only, so that neither says how much another process would differ.
    fastest_ms, fastest_low_ms, fastest_high_ms: what an inference takes that nothing disturbs: the fastest percent of
        the samples in the faster half of the rounds, with its 99 % interval, measured again.
    p90_bound_ms, p99_bound_ms: what the true percentile does not exceed, with 99 % confidence if the samples
        are independent (MLPerf's early-stopping bound); None under 64 and 662 samples.
    outliers: how many samples lie more than three interquartile ranges out (Tukey); all are kept.
    """

    rounds: AtLeastOne
    samples: AtLeastOne
    median_ms: Milliseconds
    low_ms: Positive
    high_ms: Positive
    covers: Literal["run", "machine"] = "run"
    run_low_ms: Positive | None = None
    run_high_ms: Positive | None = None
    fastest_ms: Milliseconds | None = None
    fastest_low_ms: Positive | None = None
    fastest_high_ms: Positive | None = None
    between_rounds: bool
    mean_ms: Milliseconds
    min_ms: Milliseconds
    max_ms: Milliseconds
    stdev_ms: NotNegative | None
    p90_ms: Milliseconds | None
    p90_bound_ms: Milliseconds | None = None
    p99_ms: Milliseconds | None
    p99_bound_ms: Milliseconds | None = None
    outliers: Count = 0


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How narrow the interval of the median became, and what it would cost to halve it.

    reached, wanted: half of the interval within this run over the median; wanted is None if none was asked for.
    rounds_to_halve: how many more rounds of the same kind; None where one round cannot tell.
    rounds_to_reach: how many more would reach what was wanted, if they vary like these; None where that is not known.
    stopped_by: why there were no more rounds: `rounds` (none were asked for), `precision` (it is reached), `plateau`
        (more rounds no longer narrowed the interval), `max_rounds`, `budget` (the time was over), `failed` (a round
        that was added); "" in runs from before this was kept.
    """

    reached: NotNegative
    wanted: NotNegative | None
    rounds_to_halve: Count | None
    seconds_to_halve: NotNegative | None
    rounds_to_reach: Count | None = None
    stopped_by: Literal["", "rounds", "precision", "plateau", "max_rounds", "budget", "failed"] = ""


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
    place_lost: True if its place could not be reached, or went away: `--resume` tries such a case again.
    """

    status: Literal["failed"] = "failed"
    error: str
    hint: str = ""
    phase: str = ""
    log_tail: str = ""
    place_lost: bool = False


Outcome = Measured | Skipped | Failed
