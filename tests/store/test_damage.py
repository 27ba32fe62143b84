"""Stored results that were damaged say so, whatever was damaged, and nothing else is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks.fuzz.folders import CASES, SAMPLES, make_folder
from devbench.domain.outcome import Measured
from devbench.domain.run import Pending
from devbench.errors import DamagedError, RunFolderError
from devbench.publish.verify import verify_run
from devbench.sources.sources import open_sources
from devbench.store.folder import RunFolder
from devbench.store.taking_up import clear_up, reopened, was_joined, without_damage

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "coral-docs-benchmarks.csv"
SCHEMA_1 = Path(__file__).parents[1] / "fixtures" / "run-schema-1"
PART = "parts/case001-round02.parquet"
OUTPUTS = "outputs/case001.json"


def gone_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def _flip(path: Path, where: int = -1) -> bytes:
    """Flip a bit in the middle, or at `where`; the file as it was."""
    data = path.read_bytes()
    where = len(data) // 2 if where < 0 else where
    path.write_bytes(data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :])
    return data


@pytest.mark.parametrize("name", ["samples.parquet", OUTPUTS])
def test_a_flipped_bit_is_an_error_until_the_file_is_restored(tmp_path: Path, name: str) -> None:
    folder = make_folder(tmp_path / "run")
    run = folder.load()
    whole = _flip(tmp_path / "run" / name)
    (problem,) = verify_run(folder).problems[:1]
    assert problem == f"{tmp_path}/run/{name}: is not as it was written: its SHA-256 differs"
    with pytest.raises(DamagedError) as caught:
        folder.samples(run, CASES[1]) if name == "samples.parquet" else folder.outputs(run, CASES[1])
    assert "Restore it from a copy" in caught.value.hint
    (tmp_path / "run" / name).unlink()
    assert verify_run(folder).problems[0].endswith("cannot be read: No such file or directory")
    os.mkfifo(tmp_path / "run" / name)
    assert verify_run(folder).problems[0].endswith("It is a pipe or a device, not a regular file")
    (tmp_path / "run" / name).unlink()
    (tmp_path / "run" / name).write_bytes(whole)
    assert verify_run(folder).problems == ()
    assert len(folder.samples(run, CASES[1])[0]) == SAMPLES


def test_other_readers_of_the_samples_see_the_damage_too(tmp_path: Path) -> None:
    make_folder(tmp_path / "run")
    path = tmp_path / "run" / "samples.parquet"
    column = pq.read_metadata(path).row_group(0).column(4)
    _flip(path, column.data_page_offset + column.total_compressed_size // 2)
    with pytest.raises(OSError, match="CRC"):
        pq.ParquetFile(path, page_checksum_verification=True).read()


def test_a_damaged_part_costs_its_round_and_no_other(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run", finished=False)
    run = folder.load()
    _flip(tmp_path / "run" / PART)
    kept, notes = without_damage(folder, run)
    assert notes == [
        f"{CASES[1]}: round 2 is measured again: {tmp_path}/run/{PART}: is not as it was written: its SHA-256 differs"
    ]
    assert [about.index for about in kept.case(CASES[1]).rounds] == [0, 1]
    assert PART not in kept.files
    assert kept.case(CASES[0]) == run.case(CASES[0])


def test_a_case_whose_figures_were_made_already_is_pending_again(tmp_path: Path) -> None:
    measured = make_folder(tmp_path / "finished").load().case(CASES[1]).outcome
    folder = make_folder(tmp_path / "run", finished=False)
    run = folder.load().with_case(replace(folder.load().case(CASES[1]), outcome=measured))
    (tmp_path / "run" / PART).unlink()
    kept, notes = without_damage(folder, run)
    assert kept.case(CASES[1]).outcome == Pending()
    assert "cannot be read: No such file" in notes[0]


def test_damaged_outputs_cost_the_first_round_which_writes_them_anew(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run", finished=False)
    (tmp_path / "run" / OUTPUTS).write_text("[]")
    kept, _ = without_damage(folder, folder.load())
    assert [about.index for about in kept.case(CASES[1]).rounds] == [1, 2]
    assert OUTPUTS not in kept.files


def test_rounds_of_a_failed_case_are_left_out_and_the_run_can_be_finished(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run", finished=False)
    (tmp_path / "run" / "parts/case002-round00.parquet").write_bytes(b"PAR1")
    kept, notes = without_damage(folder, folder.load())
    assert notes[0].startswith(f"{CASES[2]}: round 0 is left out: ")
    with folder:
        folder.finish(kept)
    assert sorted(folder.samples(folder.load(), CASES[2])) == [1, 2]


def test_samples_that_run_json_does_not_speak_of_are_not_taken(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run")
    run = folder.load()
    case = run.case(CASES[0])
    other = run.with_case(replace(case, rounds=(replace(case.rounds[0], samples=7), *case.rounds[1:])))
    with pytest.raises(DamagedError, match=r"round 0 has 40 steady samples, and run\.json says 7"):
        folder.samples(other, CASES[0])


def test_a_folder_of_schema_1_is_read_and_says_what_cannot_be_checked(tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(SCHEMA_1, tmp_path / "run")))
    found = verify_run(folder)
    assert found.problems == ()
    assert "has schema 1, without checksums" in found.notes[0]
    run = folder.load()
    assert run.doubts == ()
    case = run.cases[0]
    assert isinstance(case.outcome, Measured)
    summary = replace(case.outcome.summary, mean_ms=case.outcome.summary.mean_ms * 1.0001)
    with pytest.raises(DamagedError, match=r"mean_ms in run\.json is not that of these steady samples"):
        folder.samples(run.with_case(replace(case, outcome=replace(case.outcome, summary=summary))), case.id)


def test_a_folder_of_schema_2_is_read_and_its_checksums_hold() -> None:
    """Made when the schema was new: a field that is added later must change no checksum of what is there."""
    folder = RunFolder(SCHEMA_1.with_name("run-schema-2"))
    run = folder.load()
    assert run.schema == 2
    assert run.doubts == ()
    assert list(folder.files.damage(run)) == []
    assert len(folder.samples(run, CASES[0], "compute")[0]) == SAMPLES
    assert folder.outputs(run, CASES[0])[0].shape == (1, 8)


def test_an_unfinished_folder_of_schema_1_gets_checksums_when_it_is_taken_up(tmp_path: Path) -> None:
    new = make_folder(tmp_path / "run", finished=False)
    run = replace(new.load(), schema=1, files={})
    (tmp_path / "run" / PART).write_bytes((tmp_path / "run" / PART).read_bytes()[:-20])
    kept, notes = without_damage(new, run)
    assert [note.partition(": ")[2].partition(":")[0] for note in notes] == ["round 2 is measured again"]
    assert kept.schema == 2
    assert len(kept.files) == 8 + 3  # parts, outputs
    assert without_damage(new, kept) == (kept, [])


def test_a_folder_of_schema_1_that_was_about_to_be_finished_loses_nothing(tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(SCHEMA_1, tmp_path / "run")))
    run = replace(folder.load(), finished_utc="")
    samples = folder.samples(run, run.cases[0].id)
    assert was_joined(folder, run)
    table = pq.read_table(tmp_path / "run" / "samples.parquet")
    (tmp_path / "run" / "parts").mkdir()  # not all of its parts were removed already
    pq.write_table(table.filter(pc.field("round") == 0), tmp_path / "run" / "parts" / "case000-round00.parquet")
    with folder:
        again, notes = without_damage(folder, reopened(folder, run))
        assert notes == []
        finished = folder.finish(again)
    for index, ns in folder.samples(finished, run.cases[0].id).items():
        assert np.array_equal(ns, samples[index])


def test_drafts_of_killed_writers_are_removed_and_those_of_living_ones_are_not(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run", finished=False)
    stale = [tmp_path / "run" / f".run.json.{gone_process()}.tmp", tmp_path / "run" / f"parts/.x.{gone_process()}.tmp"]
    living = tmp_path / "run" / f".run.json.{os.getpid()}.tmp"
    for path in (*stale, living):
        path.write_text("draft")
    clear_up(folder, folder.load())
    assert not any(path.exists() for path in stale)
    assert living.exists()


def test_a_damaged_reference_is_left_out_and_the_run_is_shown(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run")
    with folder:
        folder.save(folder.add_references(folder.load(), [SCHEMA_1 / "results.csv", PUBLISHED]))
    assert len(open_sources([tmp_path / "run"]).references) == 2
    copy = tmp_path / "run" / "references" / PUBLISHED.name
    copy.write_bytes(copy.read_bytes().replace(b"2.4", b"2.3"))
    sources = open_sources([tmp_path / "run"])
    assert [file.name for file in sources.references] == ["results"]
    assert sources.warnings == (f"{copy}: is not as it was written: its SHA-256 differs",)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_a_run_json_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run.json"
    {"pipe": os.mkfifo, "folder": Path.mkdir, "device": lambda path: path.symlink_to("/dev/zero")}[kind](path)
    with pytest.raises(RunFolderError, match="cannot be read"):
        RunFolder(tmp_path).load()
