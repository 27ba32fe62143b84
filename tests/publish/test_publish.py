"""`devbench publish` and `devbench verify`, from a run to a CSV and back to its samples."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devbench.publish.verify import recomputed
from devbench.store.folder import RunFolder
from tests.conftest import Bench, bench_in

pytestmark = pytest.mark.xdist_group("one run to publish")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with one case measured, one failed, on a machine of which nothing is known but the samples."""
    with bench_in(tmp_path_factory.mktemp("measured")) as bench:
        bench.fake("good")
        bench.fake("bad", do="raise")
        bench("run", bench.fake_suite("good", "bad"), "--out", "out")
    folder = RunFolder(bench.folder / "out")
    quiet = folder.load()
    for case in quiet.cases:
        rounds = tuple(replace(about, conditions=None, reasons=()) for about in case.rounds)
        quiet = quiet.with_case(replace(case, rounds=rounds))
    folder.save(recomputed(folder, quiet))
    return folder.path


@pytest.fixture
def run(bench: Bench, measured: Path) -> Path:
    """A copy of it, which a test may change."""
    return shutil.copytree(measured, bench.folder / "out")


def _with_verdict(run: Path, status: str) -> None:
    found = json.loads((run / "run.json").read_text())
    outcome = found["cases"][0]["outcome"]
    reason = {"code": "busy", "severity": status, "text": "a program ran", "remedy": "End it."}
    outcome["verdict"] = {"status": status, "reasons": [] if status == "clean" else [reason]}
    _write(run, found)


def _write(run: Path, found: dict[str, Any]) -> None:
    """Have `found` as run.json, with checksums that hold."""
    (run / "run.json").write_text(json.dumps(found))
    folder = RunFolder(run)
    folder.save(folder.load())


def test_a_run_is_published_described_and_verified(bench: Bench, run: Path) -> None:
    done = bench("publish", "out", "--out", "pub", "--any-profile")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "pub/out.csv\n"
    package = json.loads((bench.folder / "pub" / "datapackage.json").read_text())
    (resource,) = package["resources"]
    assert resource["devbench:run"]["id"] == "out"
    assert any("profile quick" in note for note in resource["devbench:notes"])
    schema = json.loads((bench.folder / "pub" / resource["schema"]).read_text())
    latency = next(field for field in schema["fields"] if field["name"] == "latency_ms")
    assert (latency["type"], latency["devbench:unit"]) == ("number", "ms")
    since = {field["name"]: field.get("devbench:since", 1) for field in schema["fields"]}
    assert (since["latency_ms"], since["compute_ms"], since["interval_covers"], since["top1"]) == (1, 2, 3, 3)
    verified = bench("verify", "pub/out.csv", "--runs", "out")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "all follow" in verified.stderr
    assert bench("publish", "out", "--out", "pub", "--any-profile").returncode == 0, "the same again changes nothing"
    assert bench("report", "pub/out.csv").returncode == 0


def test_each_cell_that_does_not_follow_is_named(bench: Bench, run: Path) -> None:
    _with_verdict(run, "clean")
    assert bench("publish", "out", "--out", "pub", "--any-profile").returncode == 0
    path = bench.folder / "pub" / "out.csv"
    lines = path.read_text().split("\n")
    cells = lines[1].split(",")
    header = lines[0].split(",")
    cells[header.index("min_ms")] = "0.000001"
    cells[header.index("model_sha256")] = "0" * 64
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]))
    done = bench("verify", "pub/out.csv", "--runs", ".")
    assert done.returncode == 1
    assert "pub/out.csv: is not the file that its datapackage.json describes" in done.stdout
    assert "pub/out.csv:2: min_ms: says '0.000001', and the run gives '" in done.stdout
    assert f"pub/out.csv:2: model_sha256: says '{'0' * 64}'" in done.stdout
    assert ":3: " not in done.stdout


def test_advice_in_older_words_is_not_a_problem(bench: Bench, run: Path) -> None:
    folder = RunFolder(run)
    found = folder.load()
    for case in found.cases:
        found = found.with_case(replace(case, rounds=tuple(replace(about, settled=False) for about in case.rounds)))
    folder.save(recomputed(folder, found))
    record = json.loads((run / "run.json").read_text())
    record["cases"][0]["outcome"]["verdict"]["reasons"][0]["remedy"] = "What an older devbench advised."
    _write(run, record)
    assert bench("publish", "out", "--out", "pub", "--any-profile").returncode == 0
    assert "What an older devbench advised." in (bench.folder / "pub" / "out.csv").read_text()
    assert bench("verify", "pub/out.csv", "--runs", "out").returncode == 0
    assert bench("verify", "out").returncode == 0


def test_figures_that_were_changed_in_run_json_do_not_follow_from_the_samples(bench: Bench, run: Path) -> None:
    found = json.loads((run / "run.json").read_text())
    found["cases"][0]["outcome"]["summary"]["mean_ms"] *= 0.9
    (run / "run.json").write_text(json.dumps(found))
    refused = bench("publish", "out", "--out", "pub", "--any-profile")
    assert refused.returncode == 1
    assert "the record of good@fake:local:fake:slowdown=1 was changed after devbench wrote it" in refused.stderr
    edited = bench("verify", "out")
    assert edited.returncode == 1
    record, mean = edited.stdout.splitlines()[:2]
    assert record == "out/run.json: the record of good@fake:local:fake:slowdown=1 was changed after devbench wrote it"
    assert mean.startswith("out/run.json: good@fake:local:fake:slowdown=1: mean_ms: says '")
    assert "problems." in edited.stderr
    report = bench("report", "out")
    assert report.returncode == 0
    assert f"Do not trust these figures. {record}." in " ".join(report.stdout.split())
    _with_verdict(run, "clean")
    assert bench("publish", "out", "--out", "pub", "--any-profile").returncode == 0
    done = bench("verify", "pub/out.csv", "--runs", "out")
    assert done.returncode == 1
    assert "pub/out.csv:2: mean_ms: says" in done.stdout
    assert "is not the file that the CSV was made from" not in done.stdout


def test_a_run_that_is_gone_or_changed_is_said(bench: Bench, run: Path) -> None:
    _with_verdict(run, "clean")
    bench("publish", "out", "--out", "pub", "--any-profile")
    gone = bench("verify", "pub/out.csv", "--runs", "elsewhere")
    assert gone.returncode == 1
    assert "the run 'out' is in none of elsewhere" in gone.stdout
    (run / "run.json").write_text((run / "run.json").read_text().replace('"seed": 0', '"seed": 1'))
    changed = bench("verify", "pub/out.csv", "--runs", "out")
    assert "out/run.json: is not the file that the CSV was made from" in changed.stdout


def test_contaminated_cases_are_left_out_and_suspect_ones_get_a_footnote(bench: Bench, run: Path) -> None:
    _with_verdict(run, "suspect")
    done = bench("publish", "out", "--out", "pub", "--any-profile")
    assert "good@fake:local:fake:slowdown=1 is suspect: a program ran." in done.stderr
    _with_verdict(run, "contaminated")
    refused = bench("publish", "out", "--out", "pub2", "--any-profile")
    assert refused.returncode == 1
    assert "contaminated in every case" in refused.stderr
    found = json.loads((run / "run.json").read_text())
    found["cases"].append({**copy.deepcopy(found["cases"][0]), "id": "second"})
    found["cases"][0]["outcome"]["verdict"] = {"status": "clean", "reasons": []}
    _write(run, found)
    assert bench("publish", "out", "--out", "pub3", "--any-profile").returncode == 0
    rows = json.loads(bench("report", "pub3/out.csv", "--json").stdout)
    left_out = next(row for row in rows if row["case"] == "second")
    assert (left_out["status"], left_out["latency_ms"]) == ("skipped", "")
    assert left_out["reason"] == "contaminated: busy"


def test_what_may_not_be_published_is_refused_with_what_to_do(bench: Bench, run: Path) -> None:
    _with_verdict(run, "clean")
    profile = bench("publish", "out", "--out", "pub")
    assert profile.returncode == 1
    assert "was measured with the profile quick" in profile.stderr
    assert "not with `publish`" in profile.stderr
    found = json.loads((run / "run.json").read_text())
    for case in found["cases"]:
        case["measure"] |= {"profile": "publish", "rounds": 40, "max_rounds": 40, "min_runs": 30, "precision": None}
    _write(run, found)
    in_name_only = bench("publish", "out", "--out", "pub").stderr
    assert "the profile publish, with warmup_runs" in in_name_only
    assert "min_runs 30 and min_s" in in_name_only
    assert "precision none, not with `publish`" in in_name_only
    assert "rounds" not in in_name_only, "more than asked for is no lack"
    assert not (bench.folder / "pub").exists()
    assert bench("publish", "out", "--name", "../x", "--any-profile").returncode == 2
    assert bench("publish", "out", "--out", "pub", "--any-profile").returncode == 0
    (bench.folder / "pub" / "out.csv").write_text("other\n")
    again = bench("publish", "out", "--out", "pub", "--any-profile")
    assert again.returncode == 1
    assert "pub/out.csv: exists already, with other figures" in again.stderr
    assert (bench.folder / "pub" / "out.csv").read_text() == "other\n"
    (bench.folder / "pub" / "datapackage.json").write_text("{")
    broken = bench("publish", "out", "--out", "pub", "--any-profile", "--name", "new")
    assert broken.returncode == 1
    assert "datapackage.json: not a data package" in broken.stderr
