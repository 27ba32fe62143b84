"""Fits the costs of a shape to published times: none negative, on the logarithm of the time, no single row decisive.

Non-negative least squares is Lawson and Hanson's algorithm (1974); scipy has it too, and would be a large dependency
for these lines. The loss is the soft L1 of the residual r of the logarithm: 2 s² (√(1 + (r/s)²) - 1), quadratic up to
about s.
"""

from __future__ import annotations

import numpy as np

from devbench.predict.shapes import Array, Shape

# Where two published tables have the same network on nominally the same device, they differ by 6 to 10 % in the median.
LOSS_SCALE = 0.1
_MOST_STEPS = 60
_HALVINGS = 8


def fit(shape: Shape, amounts: Array, times: Array) -> Array:
    """The cost of each term.

    Args:
        shape: how the terms add up.
        amounts: [networks, terms], what each network has of each term.
        times: [networks], published, above 0.

    Returns:
        [terms], in units of time per amount, none negative.

    """
    ratios = np.where(amounts > 0, times[:, None] / np.where(amounts > 0, amounts, 1.0), np.nan)
    scale = np.array([np.nanmedian(column) if (column > 0).any() else 1.0 for column in ratios.T])
    scaled = amounts * scale  # costs near 1, whatever their units
    costs = nnls(scaled / times[:, None], np.ones(len(times)))
    loss = _loss(shape, scaled, costs, times)
    for _ in range(_MOST_STEPS):
        wanted = _step(shape, scaled, costs, times)
        for halving in range(_HALVINGS):
            tried = costs + (wanted - costs) / 2**halving
            found = _loss(shape, scaled, tried, times)
            if found < loss:
                break
        else:
            break
        settled = loss - found < 1e-10 * loss
        costs, loss = tried, found
        if settled:
            break
    return np.asarray(costs * scale)


def _step(shape: Shape, amounts: Array, costs: Array, times: Array) -> Array:
    """Gauss-Newton. A time grows k times if all costs do, so its derivatives times the costs add up to the time."""
    fitted, parts = shape.times(amounts, costs)
    slopes = _slopes(shape, amounts, costs, parts) / fitted[:, None]
    residuals = np.log(fitted / times)
    weights = (1 + (residuals / LOSS_SCALE) ** 2) ** -0.25  # the root of soft L1's
    return nnls(slopes * weights[:, None], (1 - residuals) * weights)


def _slopes(shape: Shape, amounts: Array, costs: Array, parts: Array) -> Array:
    """The derivative of each time by each cost; of a cost of 0 as if it were very small."""
    small = np.where(costs > 0, costs, 1e-9)
    return np.where(costs > 0, parts, shape.times(amounts, small)[1]) / small


def _loss(shape: Shape, amounts: Array, costs: Array, times: Array) -> float:
    fitted = shape.times(amounts, costs)[0]
    if not (fitted > 0).all():
        return np.inf
    return float(np.sum(np.sqrt(1 + (np.log(fitted / times) / LOSS_SCALE) ** 2) - 1))


def nnls(matrix: Array, target: Array) -> Array:
    """The x >= 0 that makes |matrix x - target| least."""
    columns = matrix.shape[1]
    x, active = np.zeros(columns), np.zeros(columns, dtype=bool)
    tolerance = 1e-10 * max(float(np.abs(matrix.T @ target).max(initial=0.0)), 1e-300)
    for _ in range(10 * columns):
        gradient = np.where(active, -np.inf, matrix.T @ (target - matrix @ x))
        best = int(gradient.argmax())
        if gradient[best] <= tolerance:
            break
        active[best] = True
        while active.any():
            free = np.zeros(columns)
            free[active] = np.linalg.lstsq(matrix[:, active], target, rcond=None)[0]
            below = active & (free <= 0)
            if not below.any():
                x = free
                break
            x = x + np.min(x[below] / (x[below] - free[below])) * (free - x)
            active &= x > 1e-12 * x.max(initial=0.0)
            x[~active] = 0.0
    return x
