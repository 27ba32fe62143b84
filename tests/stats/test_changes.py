"""Levels of many series over nights: what is a step, and what is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from devbench.stats.candidates import Candidate, candidates, keeps, needed_z, part_shifts
from devbench.stats.changes import shifts
from devbench.stats.huber import huber_means, row_medians, row_quantiles
from devbench.stats.sessions import false_share, judge
from devbench.stats.split import Split, split

NIGHTS = 45
ERROR = 0.002


def _noise(series: int, seed: int = 1, sd: float = 0.004, nights: int = NIGHTS) -> np.ndarray:
    return 1.0 + np.random.default_rng(seed).normal(0, sd, (series, nights))


def _errors(values: np.ndarray) -> np.ndarray:
    return np.full_like(values, ERROR)


def _lab(boards: int, cases: int, seed: int = 1, sd: float = 0.004) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = _noise(boards * cases, seed, sd)
    return values, np.repeat(np.arange(boards), cases), np.tile(np.arange(cases), boards)


def _split(values: np.ndarray, board: np.ndarray, case: np.ndarray) -> Split:
    nothing = np.zeros(values.shape, dtype=np.int64)
    return split(values, _errors(values), nothing, np.zeros(len(values), dtype=np.int64), board, case)


def _found(values: np.ndarray, board: np.ndarray, case: np.ndarray) -> list[Candidate]:
    parts = _split(values, board, case)
    return candidates(part_shifts(parts, {}, board, case))


def test_medians_quantiles_and_huber_means_leave_out_what_is_not_known() -> None:
    values = np.array([[1.0, np.nan, 3.0, 2.0], [np.nan] * 4, [5.0, np.nan, np.nan, np.nan]])
    np.testing.assert_allclose(row_medians(values), [2.0, np.nan, 5.0])
    np.testing.assert_allclose(row_quantiles(values, 0.5)[0], [2.0, np.nan, 5.0])
    mean, variance = huber_means(values, np.ones_like(values))
    np.testing.assert_allclose(mean, [2.0, np.nan, 5.0])
    np.testing.assert_allclose(variance, [0.95 / 3, np.inf, 1.0])


def test_a_huber_mean_weighs_by_variance_and_hardly_moves_for_an_odd_value() -> None:
    values = np.array([[0.0, 1.0, 0.0, 0.0, 0.0, 100.0]])
    variances = np.array([[1.0, 1e6, 1.0, 1.0, 1.0, 1.0]])
    mean, _ = huber_means(values, variances)
    assert 0 < mean[0] < 0.4


@pytest.mark.parametrize("last", [1, 2, 5, 14])
def test_a_step_is_found_with_its_size_and_its_first_night(last: int) -> None:
    values = _noise(40)
    values[7, -last:] += 0.05
    found = shifts(values, _errors(values))
    assert np.argmax(np.abs(found.z)) == 7
    assert found.z[7] > 5
    assert found.nights[7] == last
    assert (found.first[7], found.last[7]) == (NIGHTS - last, NIGHTS - last - 1)
    assert found.difference[7] == pytest.approx(0.05, abs=0.01)


def test_missing_nights_and_infinite_ones_count_for_nothing() -> None:
    values = _noise(40)
    values[7, -3:] += 0.05
    values[7, [5, 11, 30]] = np.nan
    values[7, -2] = np.inf
    found = shifts(values, _errors(values))
    assert (found.first[7], found.last[7], found.nights[7]) == (NIGHTS - 3, NIGHTS - 4, 2)


def test_nothing_is_said_of_a_series_without_a_figure_tonight_or_with_too_few_nights() -> None:
    values = _noise(3)
    values[:, -1] += 0.2
    values[0, -1] = np.nan
    values[1, :-8] = np.nan  # seven nights before
    found = shifts(values, _errors(values))
    assert found.z[:2].tolist() == [0.0, 0.0]
    assert found.z[2] > 10
    for empty in (np.zeros((0, 5)), np.full((2, 3), np.nan), np.zeros((2, 1))):
        assert (shifts(empty, _errors(empty)).z == 0).all()


def test_one_odd_night_is_no_step_the_night_after_and_does_not_hide_one() -> None:
    values = _noise(40)
    values[3, -2] += 0.25
    assert abs(shifts(values, _errors(values)).z[3]) < 4
    values[3, 10] += 0.25
    values[3, -1] += 0.04
    assert shifts(values, _errors(values)).z[3] > 4


def test_a_night_with_a_wide_interval_weighs_little() -> None:
    values, errors = _noise(40), _errors(_noise(40))
    values[3, -1] += 0.04
    sure = shifts(values, errors).z[3]
    errors[3, -1] = 0.03
    assert sure > 4
    assert shifts(values, errors).z[3] < 2


def test_nights_that_resemble_their_neighbours_tell_less() -> None:
    rng = np.random.default_rng(3)
    state = np.zeros((30, NIGHTS))
    for night in range(1, NIGHTS):
        state[:, night] = 0.8 * state[:, night - 1] + rng.normal(0, 0.006, 30)
    found = shifts(1 + state, _errors(state))
    assert np.median(found.correlation) > 0.4
    shuffled = rng.permuted(state, axis=1)
    assert np.median(shifts(1 + shuffled, _errors(state)).correlation) < 0.15


def test_a_slow_drift_is_no_step() -> None:
    values = _noise(40, sd=0.002)
    values[3] += np.linspace(0, 0.05, NIGHTS)
    values[4, -6:] += 0.03
    found = shifts(values, _errors(values))
    assert found.z[3] > 3
    assert found.beyond_line[3] < 1.5
    assert found.beyond_line[4] > 3


def test_a_series_that_stands_alone_must_be_surer_where_its_states_may_last() -> None:
    rng = np.random.default_rng(4)
    state = np.zeros((60, NIGHTS))
    for night in range(1, NIGHTS):
        state[:, night] = 0.7 * state[:, night - 1] + rng.normal(0, 0.006, 60)
    values, alone = 1 + state, np.full(60, True)
    lone = shifts(values, _errors(values), related=False, alone=alone)
    together = shifts(values, _errors(values), related=False)
    said = lone.nights > 2
    assert np.median(np.abs(lone.z[said]) / np.abs(together.z[said])) < 0.95
    assert np.median(lone.most_correlation - lone.correlation) > 0.15
    steady = shifts(_noise(60), _errors(values), related=False, alone=alone)
    needed = {name: needed_z(found, "rest") for name, found in (("states", lone), ("steady", steady))}
    assert np.median(needed["states"]) > np.median(needed["steady"]) + 0.3
    assert needed["steady"].min() >= 2.7
    assert (needed_z(together, "rest") == 2.7).all()


def test_a_short_history_alone_is_no_reason_to_tell_of_a_small_change() -> None:
    values = 1 + np.random.default_rng(6).normal(0, 0.0005, (20, 10))
    values[:, -1] += 0.012
    alone = np.full(20, True)
    assert not keeps(shifts(values, _errors(values), related=False, alone=alone), "rest").any()
    values[:, -1] += 0.1
    assert keeps(shifts(values, _errors(values), related=False, alone=alone), "rest").all()


def test_one_or_two_boards_are_alone_with_their_states() -> None:
    for boards, alone in ((2, True), (8, False)):
        values, board, case = _lab(boards, 6)
        found = part_shifts(_split(values, board, case), {}, board, case)
        assert found["boards"].alone.all() == alone
        assert not found["rest"].alone.any()
    values, board, case = _lab(5, 2)
    found = part_shifts(_split(values, board, case), {}, board, case)
    assert found["rest"].alone.all()
    assert found["cases"].alone.all()  # the states of five boards are in it


def test_after_an_accepted_change_only_the_nights_since_tell_of_the_level() -> None:
    values = _noise(40)
    values[3, -6:] += 0.05
    starts = np.zeros(40, dtype=np.int64)
    starts[3] = NIGHTS - 6
    assert abs(shifts(values, _errors(values), starts).z[3]) < 3
    values[3, -1] -= 0.05  # and back again
    assert shifts(values, _errors(values), starts).z[3] < -4


def test_each_kind_of_step_is_seen_in_its_own_part_alone() -> None:
    values, board, case = _lab(8, 10)
    values[case == 4, -1:] += 0.02
    values[board == 2, -2:] += 0.03
    values[75, -3:] += 0.04
    parts = {(one.part, one.index) for one in _found(values, board, case)}
    assert {("cases", 4), ("boards", 2), ("rest", 75)} <= parts
    assert len(parts) <= 4
    values, board, case = _lab(8, 10)
    values[:, -1] += 0.02
    assert {(one.part, one.index) for one in _found(values, board, case) if one.part != "rest"} == {("kinds", 0)}


def test_a_case_that_feels_more_of_its_boards_state_is_not_odd() -> None:
    values, board, case = _lab(6, 12, sd=0.002)
    rng = np.random.default_rng(5)
    state = rng.normal(0, 0.02, (6, NIGHTS))
    feels = np.where(case == 3, 1.4, 0.9)
    values += feels[:, None] * state[board]
    parts = _split(values, board, case)
    assert parts.factors[case == 3].mean() / parts.factors[case != 3].mean() == pytest.approx(1.4 / 0.9, rel=0.1)
    assert parts.rest.values.std() < 0.004


def test_a_level_that_began_on_a_drifting_board_does_not_make_its_case_odd() -> None:
    values, board, case = _lab(6, 3, sd=0.001)
    values[board == 1, 15:] += 0.002 * np.arange(NIGHTS - 15)  # it ages
    values[case == 2, 35:] -= 0.02  # a change of software, which was told
    levels_ = np.zeros(values.shape, dtype=np.int64)
    levels_[case == 2, 35:] = 1
    parts = split(values, _errors(values), levels_, np.zeros(18, dtype=np.int64), board, case)
    aged = parts.rest.values[board == 1]
    assert np.abs(aged).max() < 0.015
    assert np.abs(aged[:, 40:].mean(axis=1) - aged[:, 25:34].mean(axis=1)).max() < 0.006


@pytest.mark.parametrize("seed", range(4))
def test_no_case_of_three_alone_says_what_its_board_does(seed: int) -> None:
    values, board, case = _lab(6, 3, seed, sd=0.002)
    values[board == 1] += np.random.default_rng(seed).normal(0, 0.004, NIGHTS)
    values[board == 1, 30:] += 0.003 * np.arange(NIGHTS - 30)
    levels_ = np.zeros(values.shape, dtype=np.int64)
    levels_[case == 2, 36:] = 1
    parts = split(values, _errors(values), levels_, np.zeros(18, dtype=np.int64), board, case)
    spreads = np.median(np.abs(parts.rest.values[board == 1]), axis=1)
    assert spreads.min() > 0.3 * spreads.max()
    assert np.abs(parts.rest.values[board == 1, -5:].mean(axis=1)).max() < 0.006


def test_what_a_case_may_feel_more_of_its_board_is_no_change_of_its_own() -> None:
    values, board, case = _lab(6, 10, sd=0.002)
    feels = np.where(case == 4, 1.3, 1.0)
    values[board == 2, -2:] += 0.06 * feels[board == 2, None]
    found = {(one.part, one.index) for one in _found(values, board, case)}
    assert ("boards", 2) in found
    assert ("rest", 24) not in found
    values[24, -2:] += 0.06
    assert ("rest", 24) in {(one.part, one.index) for one in _found(values, board, case)}


def test_a_lone_series_is_left_as_it_is() -> None:
    values = _noise(2)
    values[1, -2:] += 0.05
    parts = _split(values, np.array([0, 0]), np.array([0, 1]))
    np.testing.assert_allclose(parts.rest.values, values - np.median(values, axis=1)[:, None])
    assert [
        (one.part, one.index) for one in candidates(part_shifts(parts, {}, np.array([0, 0]), np.array([0, 1])))
    ] == [("rest", 1)]


def test_a_board_that_is_away_for_nights_leaves_the_others_as_they_are() -> None:
    values, board, case = _lab(5, 6)
    values[board == 4, -10:] = np.nan
    values[board == 4, :12] = np.nan
    assert [one for one in _found(values, board, case) if abs(one.z) > 3.5] == []


def test_sessions_confirm_what_is_there_and_refute_what_is_not() -> None:
    there = [0.021, 0.018, 0.020]
    assert judge(there[:1], [1e-5], 0.0, 0.02, 0.01, 600).verdict == "waiting"
    assert judge(there, [1e-5] * 3, 0.0, 0.02, 0.01, 600).verdict == "confirmed"
    assert judge([0.001, -0.001], [1e-5] * 2, 0.0, 0.02, 0.01, 600).verdict == "refuted"
    assert judge([-0.02] * 3, [1e-5] * 3, 0.0, 0.02, 0.01, 600).verdict == "refuted"  # the other way
    assert judge([-0.02] * 3, [1e-5] * 3, 0.0, -0.02, 0.01, 600).verdict == "confirmed"
    assert judge([], [], 0.0, 0.02, 0.01, 600).verdict == "waiting"


def test_one_odd_session_confirms_nothing() -> None:
    assert judge([0.3, 0.001], [1e-5] * 2, 0.0, 0.02, 0.01, 600).verdict != "confirmed"


def test_a_session_says_little_where_many_nights_were_as_far_out() -> None:
    variance = [1.7e-4] * 3
    nights = np.array([0.0, 0.001, -0.001, 0.03, 0.0] * 7)
    assert judge([0.03] * 3, variance, 0.0, 0.03, 0.01, 600).verdict == "confirmed"
    assert judge([0.03] * 3, variance, 0.0, 0.03, 0.01, 600, nights=nights).verdict == "waiting"
    assert judge([0.0, 0.0], variance[:2], 0.0, 0.03, 0.01, 600, nights=nights).verdict == "refuted"
    shifted = [0.02, 0.021, 0.019, 0.05, 0.02, 0.021, 0.05, 0.02]
    assert judge(shifted, [1.7e-4] * 8, 0.0, 0.024, 0.01, 600, nights=nights).verdict == "confirmed"
    few = judge([0.03] * 3, variance, 0.0, 0.03, 0.01, 600, nights=nights[:5])
    assert few == judge([0.03] * 3, variance, 0.0, 0.03, 0.01, 600)


def test_how_often_sessions_err_is_what_was_promised() -> None:
    rng = np.random.default_rng(11)
    verdicts = {"confirmed": 0, "refuted": 0, "waiting": 0}
    for _ in range(1500):
        x: list[float] = []
        verdict = "waiting"
        while verdict == "waiting" and len(x) < 8:
            x.append(float(rng.normal(0, 0.01)))
            verdict = judge(x, [1e-4] * len(x), 0.0, 0.025, 0.01, 600).verdict
        verdicts[verdict] += 1
    assert false_share(600) == 0.005
    assert verdicts["confirmed"] <= 0.005 * 1500 + 3 * math.sqrt(0.005 * 1500)
    assert verdicts["refuted"] > 0.8 * 1500


def test_the_more_series_the_surer_the_sessions_must_be() -> None:
    shares = [false_share(series) for series in (1, 600, 6000, 10**9)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 1e-5


def test_a_long_drift_is_told_as_one_and_a_short_one_is_not() -> None:
    values, board, case = _lab(5, 6)
    values[board == 2] += np.linspace(0, 0.05, NIGHTS)
    values[board == 3] += np.linspace(0, 0.015, NIGHTS)
    found = _found(values, board, case)
    (board_2,) = [one for one in found if one.part == "boards"]
    assert board_2.index == 2
    assert board_2.drift == pytest.approx(0.05, abs=0.01)
    assert board_2.first == NIGHTS // 2
