"""The figures of earlier runs: what is kept, what of a damaged or foreign history counts, and what is said of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from devbench.domain.conditions import Verdict
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord
from devbench.files import write_whole
from devbench.store.earlier_runs import EarlierRuns
from devbench.store.folder import RunFolder
from tests.conftest import Bench, bench_in, made_quiet
from tests.report.runs import BUSY

pytestmark = pytest.mark.xdist_group("one earlier run")
ROUNDS = [np.arange(1_000_000, 1_000_400, dtype=np.int64) for _ in range(3)]


def _suite(bench: Bench) -> Path:
    bench.fake("net", latency_ms=0.1)
    return bench.fake_suite("net")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with one case on the fake device, by nothing disturbed."""
    with bench_in(tmp_path_factory.mktemp("measured")) as bench:
        assert bench("run", _suite(bench), "--out", "out").returncode == 0
        made_quiet(bench.folder / "out")
        return bench.folder / "out"


@pytest.fixture
def case(bench: Bench, measured: Path) -> CaseRecord:
    """Its case; with the suite, and a copy of the run, in the folder of `bench`."""
    _suite(bench)
    return RunFolder(shutil.copytree(measured, bench.folder / "out")).load().cases[0]


@pytest.fixture
def history(bench: Bench) -> EarlierRuns:
    """What the command line has in its cache: nothing yet."""
    return EarlierRuns(Path(bench.env["DEVBENCH_CACHE"]) / "earlier-runs")


@pytest.fixture
def file_of(bench: Bench, case: CaseRecord, history: EarlierRuns) -> Callable[[], Path]:
    """The one file of a history that five runs have grown."""
    for number in range(5):
        history.add(f"run {number}", {case.id: (case, [one + 1000 * number for one in ROUNDS])})
    return lambda: next(Path(bench.env["DEVBENCH_CACHE"]).glob("earlier-runs/*.jsonl"))


def remarks(bench: Bench, out: str) -> Iterator[str]:
    """What a new run says of its case, beside its figure."""
    done = bench("run", "suite.yaml", "--out", out)
    assert done.returncode == 0, done.stderr
    yield from bench.run_file(out)["cases"][0].get("remarks", [])


def test_runs_in_folders_of_one_name_are_different_runs(bench: Bench, case: CaseRecord, history: EarlierRuns) -> None:
    """`--out before` and `--out after`, every night: the folder's name says nothing of which run it is."""
    started = bench.run_file("out")["started_utc"]
    history.add(f"out {started}", {case.id: (case, ROUNDS)})
    (bench.folder / "out").rename(bench.folder / "elsewhere")
    before = history.between_runs(case, "")
    history.add("out 2026-11-22T00:00:00+00:00", {case.id: (case, ROUNDS)})
    assert history.between_runs(case, "").runs == max(before.runs, 1) + 1
    assert history.between_runs(case, f"out {started}").runs == 0


def test_a_damaged_history_is_left_out_and_said_so(
    bench: Bench, case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path]
) -> None:
    lines = file_of().read_text().splitlines()
    assert history.between_runs(case, "").runs == 5
    assert history.problems(case) == []
    worst = json.loads(lines[1])
    for name, value in (("log_median", 1e999), ("log_fastest", float("nan")), ("variance", -1), ("log_median", "1")):
        lines.append(json.dumps({**worst, "run": f"bad {name} {value}", name: value}))
    lines += ["", "not JSON", "\x00" * 50, "[" * 5000]
    write_whole(file_of(), "\n".join(lines).encode())
    assert history.between_runs(case, "").runs == 5
    said = list(remarks(bench, "second"))
    assert any(one.startswith("8 of 13 figures of earlier runs are damaged and were left out") for one in said)


def test_another_seed_is_the_same_work_and_another_image_is_not(
    case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path]
) -> None:
    assert file_of()
    assert history.between_runs(replace(case, input="random, seed 7"), "").runs == 5
    history.add("image", {case.id: (replace(case, input="cat.jpg"), [9 * one for one in ROUNDS])})
    assert history.between_runs(case, "").median_sd < 0.2


def test_a_history_that_cannot_be_read_costs_the_spread_and_not_the_run(
    bench: Bench, case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path]
) -> None:
    path = file_of()
    path.unlink()
    path.mkdir()
    assert history.between_runs(case, "").runs == 0
    assert any("cannot be read, so a default spread" in one for one in remarks(bench, "second"))


def test_history_of_another_machine_of_the_same_name_does_not_count(
    case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path]
) -> None:
    assert file_of()
    moved = {**case.rounds[0].facts, "machine_id": "another"}
    there = replace(case, rounds=tuple(replace(one, facts=moved) for one in case.rounds))
    assert history.between_runs(there, "").runs == 0
    assert "of another machine of that name" in history.problems(there)[0]
    history.add("first there", {there.id: (there, ROUNDS)})
    assert history.problems(there) == []
    assert history.between_runs(case, "").runs == 5


def test_the_interval_of_a_run_covers_measuring_again_by_what_earlier_runs_have_shown(
    bench: Bench, file_of: Callable[[], Path]
) -> None:
    """However busy the machine is that this runs on: five runs of the history are quiet, and a sixth is busy."""
    text = file_of().read_text()
    busy = {**json.loads(text.splitlines()[0]), "run": "busy", "contaminated": True}
    write_whole(file_of(), (text + json.dumps(busy) + "\n").encode())
    assert bench("run", "suite.yaml", "--out", "second").returncode == 0
    case = bench.run_file("second")["cases"][0]
    summary, contaminated = case["outcome"]["summary"], case["outcome"]["verdict"]["status"] == "contaminated"
    assert case["between_runs"]["runs"] == (6 if contaminated else 5)
    assert summary["covers"] == "machine"
    assert summary["low_ms"] <= summary["run_low_ms"] < summary["median_ms"]
    assert summary["median_ms"] < summary["run_high_ms"] <= summary["high_ms"]


def test_contaminated_runs_say_how_much_contaminated_figures_vary_and_nothing_of_the_others(
    case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert file_of()
    assert isinstance(case.outcome, Measured)
    monkeypatch.setattr("devbench.store.earlier_runs._MOST_RUNS", 5)
    outcome = replace(case.outcome, verdict=Verdict(status="contaminated", reasons=(BUSY,)))
    busy, quiet_sd = replace(case, outcome=outcome), history.between_runs(case, "").median_sd
    for number in range(6):
        history.add(f"busy {number}", {case.id: (busy, [one * (1 + number % 2) for one in ROUNDS])})
    assert history.between_runs(case, "").median_sd == quiet_sd
    assert history.between_runs(case, "").runs == 5
    assert history.between_runs(busy, "").median_sd > 0.2
    assert history.between_runs(busy, "").runs == 10  # the newest five of either kind


def test_noisy_medians_do_not_hide_how_much_the_fastest_percent_varies(
    case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path]
) -> None:
    """Rounds whose medians lie 10 % apart explain the medians of the runs, and nothing of their fastest percent."""
    for path in file_of().parent.glob("*"):
        path.unlink()
    rng = np.random.default_rng(0)
    for number in range(12):
        level = 1e6 * np.exp(rng.normal(0, 0.03))
        rounds = [np.sort(rng.uniform(level, level * (1.2 + 0.2 * k), 400)).astype(np.int64) for k in range(3)]
        history.add(f"run {number}", {case.id: (case, rounds)})
    assert history.between_runs(case, "").fastest_sd == pytest.approx(0.03, rel=0.6)


def test_a_history_that_is_held_is_waited_for_and_not_for_ever(
    case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devbench.store.earlier_runs._LONGEST_WAIT_S", 0.1)
    with FileLock(file_of().with_suffix(".lock")), pytest.raises(OSError, match="could not be acquired"):
        history.add("another", {case.id: (case, ROUNDS)})


def test_how_much_rounds_varied_is_known_of_the_same_case_or_else_of_its_place(
    case: CaseRecord, history: EarlierRuns, file_of: Callable[[], Path]
) -> None:
    assert history.variance_of_rounds(case, "") == pytest.approx(0, abs=1e-6), "in runs of rounds that are alike"
    apart = [one * factor // 100 for one, factor in zip(ROUNDS, (97, 100, 103), strict=True)]
    for number in range(3):
        history.add(f"wild {number}", {case.id: (case, apart)})
    assert history.variance_of_rounds(case, "") == pytest.approx(0.03**2, rel=0.1), "in most of the last five runs"
    assert history.variance_of_rounds(replace(case, model="another"), "") == pytest.approx(0.03**2, rel=0.1)
    file_of().write_text(file_of().read_text().replace('"rounds": 3', '"rounds": 0'))
    assert history.variance_of_rounds(case, "") is None, "lines of a devbench that did not keep it"
