"""Tables: what a cell says, and that names from files stay text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from devbench.compare.figures import RunSource, Samples
from devbench.compare.overview import overview_of
from devbench.domain.measure import PROFILES
from devbench.domain.outcome import Failed, Measured, Precision, Skipped
from devbench.domain.place import Absent
from devbench.domain.run import CaseRecord, Compare, Request, Run
from devbench.report.markdown import markdown
from devbench.report.numbers import duration, milliseconds
from devbench.report.table import Table
from devbench.report.tables import tables_of
from devbench.run.summary import summary_of
from tests.report.runs import ANSWERS, case_of

ROUNDS = {number: np.full(200, 2_000_000, dtype=np.int64) + np.arange(200) * 100 for number in range(3)}
SLOW = {number: ns * 16 for number, ns in ROUNDS.items()}


def _run(*cases: CaseRecord) -> Run:
    return Run(
        id="r",
        suite="s",
        suite_sha256="",
        started_utc="",
        devbench_version="0",
        seed=0,
        request=Request(suite_text="", suite_dir=""),
        compare=Compare(baseline="desktop-cpu", between_models=("slow", "fast")),
        order=(),
        host={},
        absent=(Absent(device="coral-usb", reason="none is plugged in"),),
        cases=cases,
    )


def _case(model: str, device: str, rounds: dict[int, np.ndarray]) -> CaseRecord:
    return replace(
        case_of(model, device, list(rounds.values())), outcome=Measured(summary=summary_of(list(rounds.values())))
    )


def _tables(run: Run, samples: Samples) -> list[Table]:
    source = RunSource(name="r", run=run, samples=samples, outputs=lambda _: ANSWERS)
    return tables_of(overview_of([source], []))


def test_the_table_in_markdown() -> None:
    cases = (
        _case("slow", "desktop-cpu", SLOW),
        _case("fast", "desktop-cpu", ROUNDS),
        _case("slow", "toaster", ROUNDS),
        _case("fast", "toaster", ROUNDS),
    )
    samples = {case.id: SLOW if case.id == "slow@desktop-cpu" else ROUNDS for case in cases}
    text = markdown(_tables(_run(*cases), samples.__getitem__))
    assert text == (
        """**s: time of one inference, median with 95 % interval within this run (3 rounds)**

| model | desktop-cpu | toaster |
|---|---|---|
| slow int8<br>1×224×224×3 | 32.16 ms ± 0.2 %<br>p90 32.29 ms | 2.010 ms ± 0.2 %<br>p90 2.018 ms<br>16.00× faster [15.95, 16.05] |
| fast int8<br>1×224×224×3 | 2.010 ms ± 0.2 %<br>p90 2.018 ms | 2.010 ms ± 0.2 %<br>p90 2.018 ms<br>no difference shown [1.00, 1.00] |
| geometric mean |  | 4.00× faster [3.99, 4.01]<br>2 models<br>1.00× to 16.00× |

- faster, slower: than desktop-cpu.
- coral-usb: none is plugged in.
- Weights: random (slow, fast).
- Intervals are within this run: they do not cover measuring again at another time.

**How many times as long, with 95 % interval within this run**

| models | desktop-cpu | toaster |
|---|---|---|
| slow int8 224×224 / fast int8 224×224 | 16.00× [15.95, 16.05] | no difference shown [1.00, 1.00] |

"""
    )


def test_failed_and_skipped_cells_say_so_and_their_reasons_stand_below() -> None:
    failed = replace(_case("a", "x", ROUNDS), outcome=Failed(error="it broke", hint="Mend it.", phase="load"))
    skipped = replace(_case("b", "x", ROUNDS), outcome=Skipped(reason="no runtime"))
    text = markdown(_tables(_run(failed, skipped), lambda _: ROUNDS))
    assert "| a int8<br>1×224×224×3 | failed |" in text
    assert "| b int8<br>1×224×224×3 | skipped |" in text
    assert "- a@x failed (load): it broke. Mend it." in text
    assert "- b@x skipped: no runtime." in text


def test_a_name_cannot_end_a_cell_or_open_a_tag() -> None:
    text = markdown(_tables(_run(_case("<script>|x", "d", ROUNDS)), lambda _: ROUNDS))
    assert "&lt;script&gt;\\|x" in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [(0.01234, "0.0123"), (0.5, "0.5000"), (2.7134, "2.713"), (47.25, "47.25"), (792.13, "792.1"), (12345.6, "12346")],
)
def test_figures_have_four_digits_that_count(value_ms: float, text: str) -> None:
    assert milliseconds(value_ms) == text


def test_durations() -> None:
    assert [duration(seconds) for seconds in (0, 59.4, 61, 3725)] == ["0 s", "59 s", "1 min 01 s", "1 h 02 min"]


def test_what_is_too_little_to_say_something_is_said() -> None:
    short = {number: np.arange(2_000_000, 2_000_015) for number in range(2)}
    case = case_of("a", "x", [*short.values()] * 2)
    rounds = (*case.rounds[:2], replace(case.rounds[2], superseded=True))
    outcome = Measured(summary=summary_of(list(short.values())))
    case = replace(case, measure=replace(PROFILES["normal"], percentiles=(90,)), rounds=rounds, outcome=outcome)
    text = markdown(_tables(_run(case), lambda _: short))
    assert "- a@x: no bound of p90, which needs 64 samples: there are 30. Raise `min_runs` or `cap_s`." in text
    assert (
        "- a@x: a round of under 20 samples is not checked for a steady latency. Raise `min_runs` or `cap_s`." in text
    )
    assert "- 1 round was doubtful and measured again: kept, but in no figure." in text


def test_the_cost_of_half_the_interval_is_told() -> None:
    def case(name: str, wanted: float | None, rounds: int, seconds: float, device: str = "x") -> CaseRecord:
        found = Precision(reached=0.02, wanted=wanted, rounds_to_halve=rounds, seconds_to_halve=seconds)
        plain = _case(name, device, ROUNDS)
        assert isinstance(plain.outcome, Measured)
        return replace(plain, outcome=replace(plain.outcome, precision=found))

    run = _run(case("a", 0.01, 1, 20), case("b", None, 3, 40))
    text = markdown(_tables(run, lambda _: ROUNDS))
    assert "- a@x: ± 2.0 % reached, ± 1.0 % asked for; 1 more round (about 20 s) would halve it." in text
    assert "b@x:" not in text
    told = "- 1–3 more rounds of each case (about 1 min 00 s in all) would halve the intervals within this run."
    assert told in text
    groups = ((("x", "local"),), (("y", "local"),))
    run = replace(_run(case("a", None, 1, 20), case("b", None, 3, 40), case("a", None, 1, 50, "y")), beside=groups)
    assert told in markdown(_tables(run, lambda _: ROUNDS)), "x and y were measured side by side"
