"""What an interval covers is told in the same words wherever it is shown, and what the spread between runs rests on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devbench.compare.overview import Overview
from devbench.compare.ratios import times_as_long
from devbench.domain.between_runs import BetweenRuns
from devbench.domain.outcome import Measured
from devbench.report.compact import compact_lines
from devbench.report.covered import spread_text, what_is_covered
from devbench.report.html.cases import case_block
from devbench.report.markdown import markdown
from devbench.report.screen import plain
from devbench.report.tables import tables_of
from devbench.report.words import sureness
from devbench.run.summary import summary_of
from devbench.store.results_file import figure_of
from tests.report.pages import page_of
from tests.report.runs import case_of, overview_of_cases, samples_of

ASSUMED = "runs are assumed to differ by 5.0 %, as there are not two earlier ones here"
LEARNED = "runs differ by 2.1 %, learned from 12 earlier runs"


def spread(sd: float, runs: int) -> BetweenRuns:
    return BetweenRuns(median_sd=sd, fastest_sd=sd, degrees_of_freedom=3.0, runs=runs)


def overview(known: BetweenRuns) -> Overview:
    cases, samples = [], {}
    for device, median_ns in (("cpu", 8_000_000), ("tpu", 2_000_000)):
        rounds = [samples_of(median_ns, seed) for seed in range(3)]
        case = case_of("m", device, rounds)
        assert isinstance(case.outcome, Measured)
        outcome = replace(case.outcome, summary=summary_of(rounds, known))
        cases.append(replace(case, outcome=outcome, between_runs=known))
        samples[case.id] = rounds
    return overview_of_cases(*cases, samples=samples)


@pytest.mark.parametrize(("known", "basis"), [(spread(0.05, 0), ASSUMED), (spread(0.021, 12), LEARNED)])
def test_terminal_markdown_and_page_name_both_intervals_alike(known: BetweenRuns, basis: str) -> None:
    shown = overview(known)
    both = f"measured again on this machine ({basis}). Those of ratios inside a run are narrower: within this run."
    text = markdown(tables_of(shown))
    assert "time of one inference, median with 95 % interval measured again on this machine (3 rounds)**" in text
    assert f"- Intervals of times: {both}" in text
    assert both in sureness(shown)
    screen = " ".join(" ".join(plain(line) for line in compact_lines(shown, 100, "")).split())
    assert f"± measured again on this machine: {basis}" in screen
    facts = dict(case_block(next(iter(shown.grid.cells.values())), "m", "cpu", None).groups[0][1])
    assert facts["interval of the median"] == "95 %, measured again on this machine"
    assert facts["between runs"] == basis
    assert {"within this run", "undisturbed (fastest percent), 99 % interval"} <= facts.keys()


def test_the_page_says_which_interval_a_plot_shows() -> None:
    page = page_of(overview(spread(0.05, 0)))
    assert "Median with 95 % interval measured again on this machine; short strokes" in page
    assert "Ratio of medians with 95 % interval within this run." in page


def test_places_that_are_known_and_others_are_told_apart() -> None:
    assert spread_text([(0.01, 9), (0.04, 12)]) == "runs differ by 1.0 % to 4.0 %, learned from 12 or fewer"
    some = spread_text([(0.05, 0), (0.01, 9)])
    assert some == "runs differ by 1.0 % to 5.0 %, learned from 9 or fewer; assumed where there are not two of them"


def test_a_ratio_inside_a_run_has_the_narrower_interval_in_a_csv_too() -> None:
    """That of measuring again would hide a difference of 8 % behind the 5 % by which runs are assumed to differ."""
    cells = overview(spread(0.05, 0)).grid.cells.values()
    one, other = (figure_of({**cell.figure.row, "run": "r"}, "r.csv") for cell in cells)
    assert one.latency_ms
    assert one.latency_ms.relative_half_width > 0.1
    ratio = times_as_long(one, other)
    assert ratio.interval
    assert ratio.interval.relative_half_width < 0.01
    elsewhere = figure_of({**other.row, "run": "another"}, "r.csv")
    apart = times_as_long(one, elsewhere).interval
    assert apart
    assert apart.relative_half_width > 0.1
    assert what_is_covered([one, other]).startswith(
        "Intervals of times: measured again on this machine (runs are assumed"
    )
    before = figure_of({**one.row, "interval_covers": "", "run_low_ms": "", "between_runs_sd": ""}, "schema-2.csv")
    assert what_is_covered([before]).startswith("Intervals are within this run")
