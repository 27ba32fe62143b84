"""The answer: who is fastest, by how much and how sure, and that it is not given where there is none."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from devbench.compare.between import Between
from devbench.compare.ratios import Ratio
from devbench.domain.conditions import Reason
from devbench.domain.intervals import Interval
from devbench.report.html.doubts import doubts_of
from devbench.report.tables import tables_of
from devbench.report.words import headline, sureness
from tests.report.pages import THEIRS, page_of
from tests.report.runs import BUSY, STEAL, case_of, overview_of_cases, rich_run, samples_of


def _answer(cpu: int, tpu: int, *reasons: Reason, spread: int = 100, models: int = 1) -> str:
    samples, cases = {}, []
    for model in [f"m{number}" for number in range(models)]:
        for device, median_ns in (("cpu", cpu), ("tpu", tpu)):
            rounds = [samples_of(median_ns, seed) + seed * spread for seed in range(3)]
            case = case_of(model, device, rounds, *(reasons if device == "tpu" else ()))
            cases.append(case)
            samples[case.id] = rounds
    return headline(overview_of_cases(*cases, samples=samples))


def test_the_answer_names_the_fastest_device_by_how_much_and_over_how_many_models() -> None:
    one = _answer(8_000_000, 2_000_000)
    assert one == "tpu is 4.00× faster than cpu [4.00, 4.00]; fastest on the one model."
    several = _answer(8_000_000, 2_000_000, models=3)
    assert re.fullmatch(
        r"tpu is 4\.0\d× faster than cpu \[.*\] over 3 models \(.*× to .*×\); fastest on all 3\.", several
    )
    turned = _answer(2_000_000, 8_000_000, models=2)
    assert turned.startswith("cpu is 4.00× faster than tpu [")
    assert turned.endswith("; fastest on all 2.")


def test_the_answer_admits_that_there_is_none() -> None:
    assert _answer(2_000_000, 2_001_000, spread=50_000) == "No difference shown between cpu and tpu for the one model."
    alone = "No comparison: no model has figures of two devices that can be trusted."
    assert _answer(8_000_000, 2_000_000, BUSY) == alone  # contaminated: takes no part
    rounds = [samples_of(2_000_000, 1)]
    only = overview_of_cases(case_of("m", "cpu", rounds, BUSY), samples={"m@cpu": rounds})
    assert headline(only) == "No answer: the one measured figure is contaminated."
    nothing = overview_of_cases(samples={})
    assert headline(nothing) == "Nothing was measured."
    assert sureness(nothing) == "No case gave a figure."


def test_a_case_that_is_missing_is_not_lost() -> None:
    rounds = {"a@cpu": 8_000_000, "a@tpu": 2_000_000, "b@cpu": 8_000_000, "c@cpu": 8_000_000}
    samples = {name: [samples_of(ns, seed) for seed in range(3)] for name, ns in rounds.items()}
    overview = overview_of_cases(*(case_of(*name.split("@"), one) for name, one in samples.items()), samples=samples)
    assert headline(overview).endswith("; fastest on the one model.")


def test_one_device_is_answered_with_its_times() -> None:
    rounds = {"a@cpu": [samples_of(2_000_000, 1)], "b@cpu": [samples_of(30_000_000, 1)]}
    cases = [case_of(name[0], "cpu", one, STEAL) for name, one in rounds.items()]
    overview = overview_of_cases(*cases, samples=rounds)
    assert re.fullmatch(r"On cpu one inference takes from 2\.\d+ ms \(a\) to \d+\.\d+ ms \(b\)\.", headline(overview))
    assert "from one process" in sureness(overview)
    assert "2 of 2 measured figures are not clean" in sureness(overview)
    assert overview.answer.counts == {"suspect": 2}
    assert "winner" not in str(tables_of(overview))  # of one there is none


def test_a_ratio_over_a_contaminated_case_is_no_part_of_the_answer() -> None:
    overview, _ = rich_run()
    assert headline(overview) == (
        "tpu is 3.16× faster than cpu [3.16, 3.16] over 2 models (2.50× to 4.00×); fastest on all 2."
    )
    ant = next(one for one in overview.answer.fastest if one.row.model == "ant")
    assert (ant.system.name, ant.alone) == ("tpu", True)
    counts = {"clean": 4, "suspect": 1, "contaminated": 1, "failed": 2, "skipped": 1}
    assert overview.answer.counts == counts


def test_a_ratio_of_answers_that_show_nothing_says_so_wherever_it_is_shown() -> None:
    rounds = [samples_of(1_000_000, 1), samples_of(1_000_000, 2)]
    cases = [case_of("net", device, rounds) for device in ("cpu", "gpu")]
    samples = {case.id: rounds for case in cases}
    assert sureness(overview_of_cases(*cases, samples=samples)).endswith("are clean.")
    other = replace(cases[1], input="another input")
    overview = overview_of_cases(cases[0], other, samples=samples)
    assert "The answers are not confirmed for 1 ratio." in sureness(overview)
    (doubt,) = (one for one in doubts_of(overview.findings) if one.badge == "unconfirmed")
    assert doubt.text == "their inputs differ (random, seed 0, another input)."
    (table, *_) = tables_of(overview)
    assert "answers not confirmed" in [line.text for line in table.rows[0][2].lines]
    assert "Answers not confirmed: their inputs differ" in page_of(overview)


def test_a_cell_is_sorted_by_its_figure_and_has_none_where_there_is_none() -> None:
    measured, beside, *_ = tables_of(rich_run(THEIRS)[0])
    keys = {row[0].lines[0].text: (row[1].sort, row[1].unit) for row in measured.rows}
    assert keys["zebra int8"] == (pytest.approx(8.0, rel=0.01), "ms")
    assert keys["broken int8"] == keys["skipped int8"] == (None, "")
    units = [(cell.unit, ratio.unit) for *_, cell, ratio in beside.rows if cell.sort is not None]
    assert units == [("ms", "×"), ("ms", "×"), ("ms", ""), ("per s", ""), ("ms", "×"), ("ms", "×"), ("ms", "")]


def test_a_ratio_of_what_nothing_disturbed_is_an_answer_though_the_figures_are_contaminated() -> None:
    rounds = {model: [samples_of(median_ns, 1)] for model, median_ns in (("slow", 8_000_000), ("fast", 2_000_000))}
    cases = [case_of(model, "cpu", times, BUSY) for model, times in rounds.items()]
    overview = overview_of_cases(*cases, samples={case.id: rounds[case.model] for case in cases})
    slow, fast = sorted(overview.grid.rows, key=lambda row: row.model, reverse=True)
    system = overview.grid.systems[0]
    for shown, expected in (("more", "slow takes 4.00× as long as fast"), ("undecided", "No answer: all 2 measured")):
        ratio = Ratio(interval=Interval(4.0, 3.9, 4.1, 0.95, True, 4.0, ""), shown=shown, by_fastest=True)
        between = Between(slow=slow, fast=fast, ratios={system: ratio})
        assert headline(replace(overview, between=(between,))).startswith(expected)
