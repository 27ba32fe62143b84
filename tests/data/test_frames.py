"""Runs and results CSVs as data frames: every figure as devbench has it, with its type, and what is unknown missing."""

from __future__ import annotations

import csv
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import devbench.data
from devbench.domain.columns import COLUMNS
from devbench.errors import DamagedError, DevbenchError
from tests.conftest import Bench

pytestmark = pytest.mark.xdist_group("two runs")  # which are measured once
PUBLISHED = Path(__file__).parents[2] / "results" / "published"
CORAL = PUBLISHED / "coral-docs-benchmarks.csv"


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("*.csv")), ids=lambda path: path.stem)
def test_every_cell_of_a_csv_is_in_the_frame_with_its_type(path: Path) -> None:
    frame = devbench.data.open(path).results
    assert list(frame.columns) == [column.name for column in COLUMNS]
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(frame) == len(rows)
    for column in COLUMNS:
        for cell, value in zip([row[column.name] for row in rows], frame[column.name], strict=True):
            if not cell:
                assert pd.isna(value)
            elif column.kind in ("count", "positive", "number"):
                assert float(cell) == value
            elif column.kind == "time":
                assert pd.Timestamp(cell, tz="UTC") == value
            else:
                assert cell == value
    kinds = {"text": "str", "choice": "category", "count": "Int64", "number": "float64", "time": "datetime64[us, UTC]"}
    for column in COLUMNS:
        assert str(frame[column.name].dtype) == kinds.get(column.kind, str(frame[column.name].dtype))
    assert frame.attrs["units"]["latency_ms"] == "ms"


def test_a_folder_stands_for_what_is_in_it(two_runs: tuple[Path, Path]) -> None:
    before, after = two_runs
    both = devbench.data.open(before.parent)
    assert list(both.runs.folder) == [str(after), str(before)]
    assert len(both.results) == 8
    assert both.results.run.nunique() == 2
    assert len(devbench.data.open(PUBLISHED, before).results) == 305 + 4


def test_samples_and_rounds_are_those_of_the_run(two_runs: tuple[Path, Path]) -> None:
    before, _ = two_runs
    run = devbench.data.open(str(before))
    samples = run.samples(phase="all")
    assert {name: str(kind) for name, kind in samples.dtypes.items()} == {
        "run": "category",
        "case": "category",
        "round": "int16",
        "phase": "category",
        "index": "int32",
        "ns": "int64",
        "counts": "bool",
        "started_utc": "datetime64[us, UTC]",
    }
    kept = pd.read_parquet(before / "samples.parquet")
    assert sorted(samples.ns) == sorted(kept.ns)
    each = samples[samples.phase == "steady"].groupby(["case", "round"], observed=True).size()
    rounds = run.rounds.set_index(["case", "round"])
    assert dict(each) == dict(rounds.samples)
    assert rounds.counts.all()
    case = run.results.case[0]
    assert set(run.samples(case).case) == {case}
    assert set(run.samples(list(run.results.case[:2])).case) == set(run.results.case[:2])
    assert "runtime_version" in set(run.facts.name)


def test_ratios_are_those_of_the_report(two_runs: tuple[Path, Path]) -> None:
    before, _ = two_runs
    run = devbench.data.open(before)
    ratios = run.ratios(baseline="fake slowdown=3")
    results = run.results.set_index("case").latency_ms
    for model in ("mobilenet_v1", "inception_v4"):
        slow, fast = (ratios[(ratios.model == model) & (ratios.system == f"fake slowdown={n}")].iloc[0] for n in (3, 1))
        assert slow.no_ratio == "this is the baseline"
        assert fast.times_faster == pytest.approx(results[slow.case] / results[fast.case], rel=1e-4)
        assert fast.times_faster_low <= fast.times_faster <= fast.times_faster_high
        assert pd.isna(fast.no_ratio)
    means = run.means(baseline="fake slowdown=3").set_index("system")
    both = ratios.times_faster.dropna()
    assert means.times_faster["fake slowdown=1"] == pytest.approx(math.exp(both.map(math.log).mean()))
    between = run.between_models("inception_v4").set_index("system").times_as_long
    ids = {one.system: one.case for one in ratios[ratios.model == "inception_v4"].itertuples()}
    other = {one.system: one.case for one in ratios[ratios.model == "mobilenet_v1"].itertuples()}
    for system, value in between.items():
        assert value == pytest.approx(results[ids[system]] / results[other[system]], rel=1e-4)


def test_changes_are_those_of_compare(bench: Bench, two_runs: tuple[Path, Path]) -> None:
    before, after = two_runs
    frame = devbench.data.compare(before, after).set_index("case")
    told = json.loads(bench("compare", before, after, "--json").stdout)
    assert frame.attrs["notes"] == told["notes"]
    for case in told["cases"]:
        row = frame.loc[case["id"]]
        assert (row.ratio, row.ratio_low, row.ratio_high) == (case["ratio"], case["low"], case["high"])
        assert row.difference == case["verdict"]
        assert row.old_ms == case["old_ms"]


def test_a_figure_without_a_ratio_says_why() -> None:
    ratios = devbench.data.open(PUBLISHED).ratios()
    assert (ratios.times_faster.isna() == ratios.no_ratio.notna()).all()
    assert "not of the same work: input 300×300" in " ".join(ratios.no_ratio.dropna())


def test_plots_are_those_of_the_page(bench: Bench, two_runs: tuple[Path, Path], tmp_path: Path) -> None:
    before, _ = two_runs
    run = devbench.data.open(before)
    bench("report", before, "--plots", tmp_path / "plots")
    run.plot("speedup").save(tmp_path / "mine.svg")
    assert (tmp_path / "mine.svg").read_text() == (tmp_path / "plots" / "speedup.svg").read_text()
    assert run.plot().png()[:4] == b"\x89PNG"
    assert "samples" in run.plots
    assert "Samples of inception_v4" in run.plot(case=run.results.case[2]).svg(dark=True)
    assert devbench.data.open(CORAL).plot("latency")._repr_svg_().startswith("<?xml")


def test_a_notebook_shows_the_report() -> None:
    coral = devbench.data.open(CORAL)
    assert "is 19.46× faster than Desktop CPU" in coral._repr_html_()
    assert repr(coral) == "<devbench.data.Dataset: 1 results CSV, 72 rows>"
    assert "unet_mobilenet_v2" in str(coral)


def test_damaged_samples_cost_the_samples_alone(two_runs: tuple[Path, Path]) -> None:
    before, _ = two_runs
    file = before / "samples.parquet"
    file.write_bytes(file.read_bytes()[:-9] + b"999999999")
    run = devbench.data.open(before)
    assert len(run.results) == 4
    with pytest.raises(DamagedError, match=r"samples\.parquet: is not as it was written"):
        run.samples()
    assert "is not as it was written" in run._repr_html_()


def test_a_run_that_was_changed_is_opened_with_a_warning(two_runs: tuple[Path, Path]) -> None:
    before, after = two_runs
    text = (before / "run.json").read_text()
    (before / "run.json").write_text(text.replace('"seed":0', '"seed":1').replace('"seed": 0', '"seed": 1'))
    with pytest.warns(UserWarning, match="run\\.json"):
        assert len(devbench.data.open(before).results) == 4
    (after / "run.json").write_text("{")
    with pytest.warns(UserWarning) as told:
        assert len(devbench.data.open(before.parent).runs) == 1
    assert any("left out" in str(one.message) for one in told)


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda _: devbench.data.open(), "nothing was named"),
        (
            lambda _: devbench.data.open(PUBLISHED / "coral-doc-benchmarks.csv"),
            "Did you mean .*coral-docs-benchmarks",
        ),
        (lambda data: data.samples(), "a results CSV has no samples.*Open the folder of the run"),
        (lambda data: data.plot("sped"), "no plot 'sped'.*speedup"),
        (lambda data: data.plot(case="x"), "no samples of a case 'x'"),
        (lambda data: data.ratios("jetson"), "no device 'jetson'.*It has: desktop-cpu"),
        (lambda data: data.between_models("mobilnet_v1"), "Did you mean mobilenet_v1"),
        (lambda data: data.plot().save("plot.pdf"), "saved as .svg or .png"),
    ],
)
def test_a_mistake_says_what_to_do(mistake: object, said: str) -> None:
    assert callable(mistake)
    with pytest.raises(DevbenchError) as error:
        mistake(devbench.data.open(CORAL))
    text = " ".join([error.value.message, *getattr(error.value, "__notes__", [])])
    assert re.search(said, text), text


def test_without_pandas_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    coral = devbench.data.open(CORAL)
    assert coral.answer
    with pytest.raises(DevbenchError, match="need pandas") as error:
        _ = coral.results
    assert "uv sync --extra data" in error.value.hint


def test_importing_it_loads_no_pandas() -> None:
    code = "import sys, devbench.data; sys.exit('pandas' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
