"""Puts together what a worker sends of one case in pieces, and takes no more than the case's own settings allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devbench.domain.measure import Measure
from devbench.domain.outcome import Nanoseconds
from devbench.places.answers import InvalidAnswerError, Output, Result, Samples

# No runtime that is called from Python answers faster than this. In the timed loop, a sample holds as many inferences
# as made 100 µs in the warm-up, and becomes shorter only where a processor speeds up between the two.
_SHORTEST_NS = {"warmup": 2_000, "steady": 20_000, "compute": 20_000}
_MOST_OUTPUTS = 256
_MOST_OUTPUT_BYTES = 64 << 20
_SLACK = 1.1  # between two clocks, and for how a phase overruns its cap


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """All that a worker has said of one case."""

    result: Result
    warmup_ns: Nanoseconds
    samples_ns: Nanoseconds
    compute_ns: Nanoseconds
    outputs: tuple[Output, ...]
    second_outputs: tuple[Output, ...]


def most_samples(measure: Measure) -> Mapping[str, int]:
    """How many samples a worker can honestly have by phase: those asked for, and those that its seconds can hold."""
    steady_s = max(measure.min_s, measure.cap_s)
    seconds = {"warmup": max(measure.warmup_s, measure.warmup_cap_s), "steady": steady_s, "compute": steady_s}
    runs = {"warmup": measure.warmup_runs, "steady": measure.min_runs, "compute": measure.min_runs}
    return {
        phase: runs[phase] + 2 + int(min(seconds[phase], measure.time_limit_s) * 1e9 / shortest_ns)
        for phase, shortest_ns in _SHORTEST_NS.items()
    }


class Pieces:
    """The pieces so far. Whatever cannot be true of this case is an `InvalidAnswerError`."""

    def __init__(self, measure: Measure) -> None:
        self._most = most_samples(measure)
        self._limit_s = measure.time_limit_s
        self._samples: dict[str, list[Nanoseconds]] = {phase: [] for phase in self._most}
        self._counts = dict.fromkeys(self._most, 0)
        self._sums_ns = dict.fromkeys(self._most, 0)
        self._outputs: dict[bool, list[Output]] = {False: [], True: []}
        self._output_bytes = 0

    def add(self, piece: Samples | Output) -> None:
        """Take one more."""
        if isinstance(piece, Output):
            self._outputs[piece.second].append(piece)
            self._output_bytes += len(piece.data)
            if len(self._outputs[piece.second]) > _MOST_OUTPUTS or self._output_bytes > _MOST_OUTPUT_BYTES:
                raise InvalidAnswerError("the worker sends more outputs than a network has")
            return
        self._counts[piece.phase] += len(piece.ns)
        if self._counts[piece.phase] > self._most[piece.phase]:
            most = self._most[piece.phase]
            raise InvalidAnswerError(
                f"the worker sends more {piece.phase} samples than the settings of the case allow ({most}): does an"
                f" inference take less than {_SHORTEST_NS[piece.phase] / 1000:g} µs, as if `invoke` computed nothing?"
            )
        import numpy as np  # here, because most sessions hear no more than a hello

        self._samples[piece.phase].append(np.array(piece.ns, dtype=np.int64))
        self._sums_ns[piece.phase] += sum(piece.ns)
        self._check_time(self._sums_ns[piece.phase], piece.phase)

    def complete(self, result: Result) -> Measurement:
        """All of them, with the message that came last."""
        if not self._counts["steady"]:
            raise InvalidAnswerError("the worker's answer is not valid: it has no samples")
        self._check_time(self._sums_ns["steady"] * result.inferences_per_sample, "steady")
        import numpy as np

        first, second = ([(one.name, one.dtype, one.shape) for one in those] for those in self._outputs.values())
        if second and second != first:
            raise InvalidAnswerError("the worker's answer is not valid: the second input has other outputs")
        empty = np.array([], dtype=np.int64)
        found = {phase: np.concatenate([empty, *arrays]) for phase, arrays in self._samples.items()}
        return Measurement(
            result=result,
            warmup_ns=found["warmup"],
            samples_ns=found["steady"],
            compute_ns=found["compute"],
            outputs=tuple(self._outputs[False]),
            second_outputs=tuple(self._outputs[True]),
        )

    def _check_time(self, total_ns: int, phase: str) -> None:
        if total_ns > (self._limit_s * _SLACK + 1) * 1e9:
            raise InvalidAnswerError(
                f"the worker's answer is not valid: its {phase} samples add up to {total_ns / 1e9:.3g} s, "
                f"and the whole round may take {self._limit_s:g} s"
            )
