"""Simulated laboratories: boards × cases × nights of logarithms, with the standard error that each night states.

A figure is: level + factor · state of its board + effect of the night on the series + error. What is measured again in
the same night sees the same state of the board, and a new effect and error.

| kind | board's state | effect of the night, sd | error, sd |
|---|---|---|---|
| quiet | – | 0.30 % | 0.20 % |
| normal | – | 0.92 % | 0.40 % |
| noisy | – | 1.96 % | 0.40 % |
| hetero | – | 0.50 % | 0.5 %, and 3 % in 15 % of nights, stated |
| outliers | – | as normal; 3 % of nights are 5 to 30 % slower, half of these flagged as contaminated | 0.40 % |
| ar1 | 0.9 %, correlation 0.6 from night to night | 0.20 % | 0.40 % |
| bimodal | – | 0.50 %; 20 % of nights are 3 % slower | 0.20 % |
| trend | from -1 % to +1 % in 60 nights, or back | 0.30 % | 0.20 % |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
KINDS = ("quiet", "normal", "noisy", "hetero", "outliers", "ar1", "bimodal", "trend")
_EFFECT = {
    "quiet": 0.003,
    "normal": 0.00917,
    "noisy": 0.0196,
    "hetero": 0.005,
    "outliers": 0.00917,
    "ar1": 0.002,
    "bimodal": 0.005,
    "trend": 0.003,
}
_ERROR = {"quiet": 0.002, "bimodal": 0.002, "trend": 0.002, "hetero": 0.005}
_USUAL_ERROR = 0.004


@dataclass(frozen=True)
class Lab:
    """Series × nights: what was measured, its stated error, what was flagged.

    state: what each series felt of its board. level: of each series.
    """

    kind: str
    boards: int
    cases: int
    values: Floats
    errors: Floats
    flagged: npt.NDArray[np.bool_]
    state: Floats
    level: Floats

    @property
    def board_of(self) -> npt.NDArray[np.int64]:
        """The board of each series."""
        return np.repeat(np.arange(self.boards), self.cases)

    @property
    def case_of(self) -> npt.NDArray[np.int64]:
        """The case of each series."""
        return np.tile(np.arange(self.cases), self.boards)


def make(kind: str, boards: int, cases: int, nights: int, rng: np.random.Generator) -> Lab:
    """A laboratory in which nothing changes."""
    shape = boards * cases, nights
    errors = _errors(kind, shape, rng)
    effect, flagged = _effects(kind, shape, rng)
    feels = rng.uniform(0.7, 1.3, shape[0]) if cases > 1 else np.ones(shape[0])
    state = np.repeat(_states(kind, boards, nights, rng), cases, axis=0) * feels[:, None]
    level = rng.uniform(np.log(1.0), np.log(100.0), shape[0])[:, None]
    values = level + state + effect + rng.normal(0, 1, shape) * errors
    return Lab(kind, boards, cases, values, errors, flagged, state, level[:, 0])


def measured_again(
    lab: Lab, series: npt.NDArray[np.int64], night: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """How far a fresh session of these series is from their levels, and the error it states; flagged ones are NaN."""
    shape = len(series), 1
    errors = _errors(lab.kind, shape, rng)
    effect, flagged = _effects(lab.kind, shape, rng)
    found = lab.state[series, night][:, None] + effect + rng.normal(0, 1, shape) * errors
    return np.where(flagged, np.nan, found)[:, 0], errors[:, 0]


def _errors(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    errors = np.full(shape, _ERROR.get(kind, _USUAL_ERROR))
    return np.where(rng.random(shape) < 0.15, 0.03, errors) if kind == "hetero" else errors


def _effects(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.bool_]]:
    effect = rng.normal(0, _EFFECT[kind], shape)
    flagged = np.zeros(shape, dtype=bool)
    if kind == "outliers":
        odd = rng.random(shape) < 0.03
        effect = effect + np.where(odd, np.log1p(rng.uniform(0.05, 0.30, shape)), 0.0)
        flagged = odd & (rng.random(shape) < 0.5)
    if kind == "bimodal":
        effect = effect + np.where(rng.random(shape) < 0.2, 0.03, 0.0)
    return effect, flagged


def _states(kind: str, boards: int, nights: int, rng: np.random.Generator) -> Floats:
    state = np.zeros((boards, nights))
    if kind == "ar1":
        state[:, 0] = rng.normal(0, 0.009, boards)
        for night in range(1, nights):
            state[:, night] = 0.6 * state[:, night - 1] + rng.normal(0, 0.009 * 0.8, boards)
    if kind == "trend":  # up and down between -1 % and +1 %, each way in 60 nights, wherever it begins
        place = (np.arange(nights)[None, :] / 60 + rng.uniform(0, 2, boards)[:, None]) % 2
        state = 0.01 * (2 * np.where(place < 1, place, 2 - place) - 1)
    return state
