"""The like-for-like guard: a ratio stands only between cases that did the same work and gave the same answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from devbench.domain.outcome import OutputTensor
from devbench.domain.run import CaseRecord

# Quantized networks are not bit-stable from one runtime to the next: differences of 2 to 11 steps were seen
# between resolvers of one runtime. A device that computes something else is far outside of this.
TOLERANCE_STEPS = 16
# With another quantization of the same network, symmetric instead of with zero points, up to 44 steps were seen with
# random weights (Inception v4); a wrongly rewritten one was 75 and more apart.
TOLERANCE_REQUANTIZED_STEPS = 64
TOLERANCE_FLOAT = 0.02  # of the largest output
_STEPS_OF_INT8 = 256
_MOST = 0.9  # of the largest output, as far as a step goes: a device that answers zero to everything is no device

_AS_MADE = "as in the .tflite file"


def work_differs(one: CaseRecord, other: CaseRecord) -> str:
    """Why the two did not do the same work; "" if they did."""
    if one.model != other.model:
        return f"models differ ({one.model}, {other.model})"
    if one.precision != other.precision:
        return f"precision differs ({one.precision}, {other.precision})"
    if one.region != other.region:
        return f"timed region differs ({one.region}, {other.region})"
    shapes = [[spec.shape for spec in case.artifact.inputs] if case.artifact else [] for case in (one, other)]
    if shapes[0] != shapes[1]:
        return f"input shape differs ({shapes[0]}, {shapes[1]})"
    weights = [case.artifact.weights if case.artifact else "" for case in (one, other)]
    return f"weights differ ({weights[0]}, {weights[1]})" if weights[0] != weights[1] else ""


def tolerance_steps(one: CaseRecord, other: CaseRecord) -> int:
    """How many steps of a quantized output the two may be apart."""
    how = {case.artifact.facts.get("quantization", _AS_MADE) if case.artifact else _AS_MADE for case in (one, other)}
    return TOLERANCE_STEPS if how <= {_AS_MADE} else TOLERANCE_REQUANTIZED_STEPS


def answers_differ(one: Sequence[OutputTensor], other: Sequence[OutputTensor], steps: int = TOLERANCE_STEPS) -> str:
    """Why the two did not give the same answer to the same input; "" if they did, or if it is not known."""
    if not one or not other:
        return ""
    if [output.shape for output in one] != [output.shape for output in other]:
        return "outputs have other shapes"
    for first, second in zip(one, other, strict=True):
        if first.sha256 == second.sha256 or not first.data or not second.data:
            continue
        apart = _apart(first, second, steps)
        if apart > 1:
            return f"output '{first.name}' differs by {apart:.1f} times the tolerance"
    return ""


def answers_unknown(one: Sequence[OutputTensor], other: Sequence[OutputTensor]) -> str:
    """Why it is not known whether the two gave the same answer, though their hashes differ; "" if it is."""
    pairs = zip(one, other, strict=False)
    large = [
        first.name for first, second in pairs if first.sha256 != second.sha256 and not (first.data and second.data)
    ]
    return (
        f"output '{large[0]}' was too large to be kept, so how far the two answers are apart is not known"
        if large
        else ""
    )


def _apart(one: OutputTensor, other: OutputTensor, steps: int) -> float:
    """The largest difference of two outputs, in tolerances."""
    first, second = _real(one), _real(other)
    step = max(one.scale, other.scale)
    largest = max(float(np.max(np.abs(first), initial=0.0)), 1e-6)
    share = TOLERANCE_FLOAT if steps == TOLERANCE_STEPS else steps / _STEPS_OF_INT8
    tolerance = max(step, min(steps * step, _MOST * largest)) if step else share * largest
    if steps != TOLERANCE_STEPS:  # so wide that it must not be wider than what the outputs tell apart
        tolerance = min(tolerance, _MOST * max(float(np.ptp(first)) if first.size else 0.0, step, 1e-6))
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return float("inf")
    return float(np.max(np.abs(first - second), initial=0.0)) / tolerance


def _real(output: OutputTensor) -> npt.NDArray[np.float64]:
    raw = np.frombuffer(output.data, dtype=np.dtype(output.dtype).newbyteorder("<")).astype(np.float64)
    return (raw - output.zero_point) * output.scale if output.scale else raw
