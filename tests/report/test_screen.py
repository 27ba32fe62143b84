"""What a terminal shows: the answer first, no name cut at any width, the same table while a run goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devbench.cli.live_table import LiveTable
from devbench.domain.run import Pending
from devbench.report.case_names import short_case_names, what_and_where
from devbench.report.compact import compact_lines
from devbench.report.screen import aligned, marked, plain
from tests.report.pages import many
from tests.report.runs import BUSY, case_of, overview_of_cases, run_of, samples_of

LONG = "a-model-with-a-name-of-forty-characters-x"
WIDTHS = (60, 80, 120, 200)


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_fit_or_become_groups_and_cut_no_name(width: int) -> None:
    rows = [(LONG, "1.23 ms", "no difference shown [0.98, 1.02]"), ("b", "4.56 ms", "2.00× slower [1.9, 2.1]")]
    lines = [plain(line) for line in aligned(("case", "time", "result"), rows, width, right=(1,))]
    assert max(map(len, lines)) <= width
    assert any(LONG in line for line in lines)
    assert ("case" in lines[0]) == (width > 60), "columns where there is room"
    assert " ".join(" ".join(lines).split()).count("no difference shown [0.98, 1.02]") == 1


def test_a_hint_stands_below_what_it_is_of() -> None:
    lines = [plain(line) for line in marked("missing", "x: not\x1b[2J here", "Do this.", 80)]
    assert lines == ["missing x: not\\u001b[2J here", "          → Do this."]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_answer_stands_in_the_first_lines_and_names_are_whole(width: int) -> None:
    overview, _ = many(15, "desktop-cpu", "coral-usb", "coral-dev-board", "jetson-nano-with-a-name")
    lines = [plain(line) for line in compact_lines(overview, width, "report.html")]
    assert max(map(len, lines)) <= width
    assert any("faster than" in line for line in lines[:5])
    for name in (*(f"network_{number}" for number in range(15)), "jetson-nano-with-a-name", "coral-dev-board"):
        assert any(name in line for line in lines), name
    assert not any("0.5×" in line or "e+" in line for line in lines)


def test_cases_are_named_by_no_more_than_tells_them_apart() -> None:
    cases = [case_of(model, device, [samples_of(10**6, 0)]) for model in ("a@b", "c") for device in ("x", "y")]
    assert list(short_case_names(cases).values()) == ["a@b on x", "a@b on y", "c on x", "c on y"]
    assert what_and_where(cases[0]) == ("a@b int8", "x local litert")
    other = [replace(cases[0], id=f"{threads}", options={"threads": threads}) for threads in (1, 4)]
    assert list(short_case_names(other).values()) == ["a@b threads=1", "a@b threads=4"]


def test_a_run_that_goes_on_has_its_figures_so_far() -> None:
    series = [samples_of(ns, 1) for ns in (10**6, 2 * 10**6)]
    cases = [case_of(model, "cpu", [one], BUSY) for model, one in zip(("a", "b"), series, strict=True)]
    first, second = (replace(case, outcome=Pending()) for case in cases)
    samples = {case.id: {0: one} for case, one in zip(cases, series, strict=True)}
    table = LiveTable()
    assert table.lines(80, 20) == []
    run = run_of(first, replace(second, rounds=()))
    table.update(run, first.id, samples.__getitem__)
    text = [plain(line).split() for line in table.lines(80, 20)]
    assert ["b", "pending"] in text
    assert any(line[:2] == ["a", "1.000"] and "…" in line[-1] for line in text), text
    table.update(run.with_case(second), second.id, samples.__getitem__)
    assert any(plain(line).split()[:2] == ["b", "2.000"] for line in table.lines(80, 20))
    assert len(table.lines(80, 2)) == 2, "no more than there is room for"


def test_a_finished_run_has_no_mark_of_rounds_to_come() -> None:
    rounds = [samples_of(10**6, seed) for seed in range(3)]
    case = case_of("a", "cpu", rounds)
    lines = compact_lines(overview_of_cases(case, samples={case.id: rounds}), 80, "")
    assert not any("…" in plain(line) for line in lines)
