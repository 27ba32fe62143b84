"""Is a series steady? A test for a step and a drift that autocorrelation does not fool."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.stats.dependence import inefficiency
from devbench.stats.student import t_quantile

FEWEST_SAMPLES = 20
_MOST_BATCHES = 256
_EDGE = 0.05  # a change this near an end is the next series' or the last one's
_CLIP = 3 * 1.4826  # three standard deviations, in median absolute deviations
_LOOKS = 30  # what trying every place counts for; this and the next were set by simulation
_FITTED = 4  # what is fitted hides dependence: level, size, place, and the choice of the worst


@dataclass(frozen=True)
class Steadiness:
    """What was found.

    steady: neither a step nor a drift that is both real and large enough to matter.
    enough: whether there were samples enough (20) to tell; if not, `steady` is False and the rest is zero.
    change_at: index of the first sample after the most visible step.
    step: median after it over median before it, minus 1: 0.05 is 5 % slower later.
    drift: change from the first to the last sample along a straight line, relative.
    step_is_real, drift_is_real: whether chance makes it so rarely that it must be there, however small.
    effective_samples: independent samples that the series is worth once step and line are taken out.
    """

    steady: bool
    enough: bool
    change_at: int
    step: float
    drift: float
    step_is_real: bool
    drift_is_real: bool
    effective_samples: float


def check_steady(samples_ns: NDArray[np.int64], tolerance: float = 0.02, false_alarm: float = 0.01) -> Steadiness:
    """Test one round, or one warm-up, for a step and for a drift of its level.

    The series becomes at most 256 medians of consecutive samples, on a logarithmic scale, outliers pulled in.
    Step and slope are compared with Student's t at the effective number of samples of what is left when they
    are taken out: a short, sticky series is worth few, and then little can be called real.

    Args:
        samples_ns: shape (n,), nanoseconds, in the order measured.
        tolerance: relative change that does not matter, 0 or more.
        false_alarm: chance to call a steady series unsteady, shared by the two tests.

    Raises:
        ValueError: not one-dimensional, a negative tolerance, or samples whose median is not positive.

    """
    if samples_ns.ndim != 1 or tolerance < 0 or not 0 < false_alarm < 1:
        raise ValueError(f"bad shape {samples_ns.shape}, tolerance {tolerance} or false alarm {false_alarm}")
    if samples_ns.size < FEWEST_SAMPLES:
        return Steadiness(False, False, 0, 0.0, 0.0, False, False, 0.0)
    per_batch = -(-samples_ns.size // _MOST_BATCHES)
    levels = _log_levels(samples_ns, per_batch)
    split, step_effect, step_left = _best_step(levels)
    drift, drift_left = _line(levels)
    step_real, step_worth = _is_real(step_effect, step_left, false_alarm / 2 / _LOOKS)
    drift_real, drift_worth = _is_real(drift / math.sqrt(12 / levels.size), drift_left, false_alarm / 2)
    at = split * per_batch
    step = float(np.median(samples_ns[at:]) / np.median(samples_ns[:at])) - 1.0
    drift = math.expm1(drift)
    return Steadiness(
        steady=not ((step_real and abs(step) > tolerance) or (drift_real and abs(drift) > tolerance)),
        enough=True,
        change_at=at,
        step=step,
        drift=drift,
        step_is_real=step_real,
        drift_is_real=drift_real,
        effective_samples=min(step_worth, drift_worth) * per_batch,
    )


def _log_levels(samples_ns: NDArray[np.int64], per_batch: int) -> NDArray[np.float64]:
    """Logarithms of the medians of consecutive batches, outliers pulled in; a rest at the end is left out."""
    batches = samples_ns.size // per_batch
    medians = np.median(samples_ns[: batches * per_batch].reshape(batches, per_batch), axis=1)
    middle = float(np.median(medians))
    if middle <= 0:
        raise ValueError(f"the median latency must be positive, not {middle} ns")
    logs = np.log(np.maximum(medians, 1.0)) - math.log(middle)
    spread = float(np.median(np.abs(logs)))
    pulled: NDArray[np.float64] = np.clip(logs, -_CLIP * spread, _CLIP * spread) if spread else logs
    return pulled


def _best_step(levels: NDArray[np.float64]) -> tuple[int, float, NDArray[np.float64]]:
    """Return where the second part starts, the step scaled to one observation's error, and what is left."""
    n = levels.size
    edge = max(3, round(_EDGE * n))
    splits = np.arange(edge, n - edge + 1)
    sums = np.cumsum(levels)
    before = sums[splits - 1] / splits
    after = (sums[-1] - sums[splits - 1]) / (n - splits)
    effects = (after - before) * np.sqrt(splits * (n - splits) / n)
    best = int(np.argmax(np.abs(effects)))
    split = int(splits[best])
    left = levels - np.where(np.arange(n) < split, before[best], after[best])
    return split, float(effects[best]), left


def _line(levels: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the rise of the least-squares line over the whole series, and what is left."""
    times = (np.arange(levels.size) + 0.5) / levels.size - 0.5
    rise = float(times @ levels / (times @ times))
    left: NDArray[np.float64] = levels - levels.mean() - rise * times
    return rise, left


def _is_real(effect: float, left: NDArray[np.float64], false_alarm: float) -> tuple[bool, float]:
    """Compare an effect, in units of one observation's error, with the restlessness of what is left."""
    worth = left.size / inefficiency(left, fitted=_FITTED)
    degrees = max(worth - 2.0, 1.0)
    variance = float(left @ left) / left.size * (worth / degrees)
    error = math.sqrt(variance * left.size / worth)
    return abs(effect) > t_quantile(1 - false_alarm / 2, degrees) * error, worth
