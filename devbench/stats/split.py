"""Splits the nights of many series into what they share: the whole kind of device, the board, the case, and the rest.

    log time = level of the series + kind + factor · board + case + rest

All cases of a board feel the state of that board, such as its temperature: some more than others, which the factor
tells. A case is the same software on each board. So a step that is seen in one of the four parts tells what has
changed: the software of all cases, a board, the software of one case, or one case on one board. And what is common to
many series is known far better than any of them, and does not hide what only one of them does.

Parts are taken out in turns, as Tukey's median polish does (Exploratory Data Analysis, 1977), with Huber means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from devbench.stats.huber import Floats, huber_means, row_medians

FEWEST = 3  # series that a common part is taken from
_ROUNDS = 3
_LEAST_SD = 0.0015
_FACTOR_SD = 0.2  # how much cases differ in what they feel of their board's state, before anything is known
_MAD = 1.4826
_STEADIEST = 0.5  # no member of a group is taken to vary by less than this, of the middle one's variance
_FEWER = 0.35  # of a group may do something else than what most of it have in common

Indexes = npt.NDArray[np.int64]
PartName = Literal["kinds", "boards", "cases", "rest"]


@dataclass(frozen=True, eq=False)
class Part:
    """One common part: groups × nights. errors: their standard errors. known: whether the group is large enough."""

    values: Floats
    errors: Floats
    known: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of all series: by kind of device, by board, by case, and what is left of each series."""

    kinds: Part
    boards: Part
    cases: Part
    rest: Part
    factors: Floats


def split(
    values: Floats, errors: Floats, levels: Indexes, kind_of: Indexes, board_of: Indexes, case_of: Indexes
) -> Split:
    """Return the parts of these series.

    Args:
        values: logarithms, series × nights; NaN where there is none.
        errors: their standard errors.
        levels: which of its levels a series had that night: another number after each change that was accepted.
        kind_of: the kind of device of each series. board_of: its board. case_of: its case on this kind of device.

    A board needs three cases, a case three boards, and a kind of device three of both; the part is 0 without them.

    """
    y = values - _levels(values, levels)
    variance = _variance(y, errors)
    kinds = _kinds(_Group(board_of, variance).fit(y), _Group(case_of, variance).fit(y), kind_of, board_of, case_of)
    kind = np.nan_to_num(kinds.values)[kind_of]
    case, factors, of_factors = np.zeros_like(y), np.ones(len(y)), np.full(len(y), _FACTOR_SD)
    for number in range(_ROUNDS):
        boards = _centred(_Group(board_of, variance).fit(y - kind - case), kinds, kind_of, board_of)
        board = beyond_error(boards)[board_of]
        if number:
            factors, of_factors = _factors(y - kind - case, board, factors, errors, levels)
        cases = _Group(case_of, variance).fit(y - kind - factors[:, None] * board)
        case = beyond_error(cases)[case_of]
        rest = y - kind - case - factors[:, None] * board
        # A level that began while a board was off its own (a case that is new, or has changed) was taken too high or
        # low by that: then the same state of the board would look like another one in each of its cases.
        off = _levels(rest, levels)
        y, rest = y - off, rest - off
        variance = _variance(rest, errors)
    # How much a case feels of its board is not known exactly: feeling more or less does not count as its own change.
    of_rest = np.hypot(errors, of_factors[:, None] * board)
    return Split(kinds, boards, cases, Part(rest, of_rest, np.ones(len(y), dtype=bool)), factors)


def beyond_error(part: Part) -> Floats:
    """What of a part is taken out of its series: what is within its own error would only add noise to them.

    The non-negative garrote (Breiman 1995, Technometrics 37, 373-384): nothing of a value within its standard error,
    nearly all of one that is many of them.
    """
    values = np.nan_to_num(part.values)
    size = np.maximum(np.abs(values), 1e-12)
    found: Floats = values * np.maximum(1 - (np.nan_to_num(part.errors) / size) ** 2, 0.0)
    return found


def _variance(values: Floats, errors: Floats) -> Floats:
    """Of each figure: that of its error, and that of its series from night to night."""
    spread = _MAD * row_medians(np.abs(values - row_medians(values)[:, None]))
    found: Floats = errors**2 + np.maximum(np.nan_to_num(spread), _LEAST_SD)[:, None] ** 2
    return found


def _levels(values: Floats, levels: Indexes) -> Floats:
    """The middle of each level of each series, for each night."""
    found = np.zeros_like(values)
    for level in np.unique(levels):
        there = levels == level
        found = np.where(there, row_medians(np.where(there, values, np.nan))[:, None], found)
    return found


def _kinds(boards: Part, cases: Part, kind_of: Indexes, board_of: Indexes, case_of: Indexes) -> Part:
    """What most boards and most cases of a kind of device show: of the two, the one that is nearer to 0.

    One board is not most boards, though it has all cases; nor is one case most cases, though it is on all boards.
    """
    found = []
    for part, group_of in ((boards, board_of), (cases, case_of)):
        pairs = np.unique(np.stack([group_of, kind_of]), axis=1)
        groups = _Group(pairs[1], _variance(part.values, part.errors)[pairs[0]])
        found.append((groups.fit(part.values[pairs[0]]), groups.most(part.values[pairs[0]])))
    (first, of_first), (second, of_second) = found
    nearer = np.where(np.abs(of_first) < np.abs(of_second), of_first, of_second)
    values = np.where(np.sign(of_first) == np.sign(of_second), nearer, 0.0)
    values = np.where(np.isfinite(first.values) & np.isfinite(second.values), values, np.nan)
    errors = np.where(np.isfinite(values), np.maximum(first.errors, second.errors), np.nan)
    return Part(values, errors, first.known & second.known)


def _centred(boards: Part, kinds: Part, kind_of: Indexes, board_of: Indexes) -> Part:
    """Without what most boards of a kind share: that is the kind's, or a case's, and was looked for there."""
    pairs = np.unique(np.stack([board_of, kind_of]), axis=1)
    groups = _Group(pairs[1], _variance(boards.values, boards.errors)[pairs[0]])
    shared = np.where(np.isfinite(kinds.values), groups.most(boards.values[pairs[0]]), 0.0)
    values = boards.values.copy()
    values[pairs[0]] -= shared[pairs[1]]
    return Part(values, boards.errors, boards.known)


class _Group:
    """Averages over the members of each group, night by night."""

    def __init__(self, group_of: Indexes, variance: Floats) -> None:
        count = int(group_of.max(initial=-1)) + 1
        sizes = np.bincount(group_of, minlength=count)
        order = np.argsort(group_of, kind="stable")
        self._members = np.full((count, int(sizes.max(initial=0))), -1)
        place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        self._members[group_of[order], place] = order
        self._known = sizes >= FEWEST
        taken = self._taken(variance)
        # No member may decide alone: what follows it would differ little from it, and so give it more weight still.
        self._variance = np.maximum(taken, _STEADIEST * row_medians(taken)[..., None])

    def fit(self, values: Floats) -> Part:
        """The mean of each group, groups × nights: NaN where the group is too small, or few of it were measured."""
        taken = self._taken(values)
        mean, of_mean = huber_means(taken, self._variance)
        enough = ((np.isfinite(taken) & np.isfinite(self._variance)).sum(axis=-1) >= FEWEST) & self._known[:, None]
        return Part(np.where(enough, mean, np.nan), np.where(enough, np.sqrt(of_mean), np.nan), self._known)

    def most(self, values: Floats) -> Floats:
        """What about two thirds of a group have in common: the nearest to 0 of them, 0 where they are on both sides."""
        ordered = np.sort(self._taken(values), axis=-1)  # NaN comes last
        count = np.isfinite(ordered).sum(axis=-1)
        place = (_FEWER * np.maximum(count - 1, 0)).astype(np.int64)
        low, high = (
            np.take_along_axis(ordered, np.maximum(one, 0)[..., None], axis=-1)[..., 0]
            for one in (place, count - 1 - place)
        )
        low, high = np.nan_to_num(low), np.nan_to_num(high)
        return np.where(low > 0, low, np.where(high < 0, high, 0.0))

    def _taken(self, values: Floats) -> Floats:
        """Groups × nights × members."""
        padded = np.vstack([values, np.full((1, values.shape[1]), np.nan)])
        found: Floats = np.moveaxis(padded[self._members], 1, 2)
        return found


def _factors(values: Floats, board: Floats, before: Floats, errors: Floats, levels: Indexes) -> tuple[Floats, Floats]:
    """How much of its board's state each series feels: by least squares, towards 1 where little is known.

    before: what was thought of it so far. Only what moves within a level counts. Returns the standard error as well.
    """
    rest = values - before[:, None] * board
    rest, board = rest - _levels(rest, levels), board - _levels(board, levels)
    variance = _variance(rest, errors)
    known = np.isfinite(rest) & np.isfinite(variance)
    limit = 3 * np.sqrt(np.where(known, variance, 1.0))
    weight = np.where(known, 1 / np.where(known, variance, 1.0), 0.0)
    off = np.clip(np.where(known, rest, 0.0), -limit, limit) + (before - 1)[:, None] * board
    along = (weight * board * off).sum(axis=1)
    known_by = (weight * board**2).sum(axis=1) + 1 / _FACTOR_SD**2
    return np.clip(1 + along / known_by, 0.3, 2.0), 1 / np.sqrt(known_by)


def common(parts: Split, kind_of: Indexes, board_of: Indexes, case_of: Indexes, but: PartName) -> Floats:
    """What all parts but one (and but the rest) make of each figure, series × nights; 0 where a part is not known."""
    found = np.zeros_like(parts.rest.values)
    if but != "kinds":
        found = found + np.nan_to_num(parts.kinds.values)[kind_of]
    if but != "boards":
        found = found + parts.factors[:, None] * beyond_error(parts.boards)[board_of]
    if but != "cases":
        found = found + beyond_error(parts.cases)[case_of]
    return found


def indexes(names: Sequence[tuple[str, ...]]) -> tuple[Indexes, list[tuple[str, ...]]]:
    """Each name as an index into the sorted list of all different names."""
    different = sorted(set(names))
    number = {name: place for place, name in enumerate(different)}
    return np.array([number[name] for name in names], dtype=np.int64), different
