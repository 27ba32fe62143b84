"""A history as a folder of files: written by many, cut, altered, folded, made again."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from devbench.errors import DevbenchError
from devbench.history.fold import Retention, fold
from devbench.history.gather import gather, rebuild
from devbench.history.reading import Rows, Which
from devbench.history.store import History
from tests.history.made import made_case, made_run, night_of, run_of

ALL = Which(purposes=("", "again", "gold"), columns=("fastest_ms", "status", "run", "verdict", "started"))


def test_a_run_is_there_once_whatever_its_folder_is_called_and_however_often_it_is_added(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    folder = made_run(tmp_path / "first" / "imagenet", made_case("net", 2.0), made_case("other", None))
    assert history.append(folder)
    assert not history.append(folder)
    moved = shutil.copytree(folder, tmp_path / "moved" / "imagenet")
    history.append(moved)
    rows = history.read(ALL)
    assert rows.table.num_rows == 2
    assert sorted(rows.texts("status")) == ["failed", "measured"]
    assert history.notes == ()


def test_the_night_is_that_of_the_runs_own_record_and_not_of_the_clock_that_adds_it(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    midnight = "2026-11-01T23:30:00-04:00"  # a host whose clock is set to another zone
    history.add(run_of("lab", made_case("net", 2.0), night="2026-10-31-2", started=midnight), tmp_path / "lab")
    history.add(run_of("plain", made_case("net", 2.0), started=midnight), tmp_path / "plain")
    assert history.read(ALL).nights == ("2026-10-31-2", "2026-11-02")


def test_the_tenth_night_of_a_day_comes_after_the_second(tmp_path: Path) -> None:
    history = History(tmp_path)
    for night in ("2026-11-01-10", "2026-11-01", "2026-11-01-2"):
        history.add(run_of(night, made_case("net", 2.0), night=night), tmp_path)
    assert history.read(ALL).nights == ("2026-11-01", "2026-11-01-2", "2026-11-01-10")
    assert history.last_night() == "2026-11-01-10"


def test_a_night_that_is_still_to_come_is_not_the_last_one(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add(run_of("wrong", made_case("net", 2.0), night="2999-01-01"), tmp_path)
    assert history.last_night() == "2999-01-01"
    history.add(run_of("right", made_case("net", 2.0), night="2026-11-01"), tmp_path)
    assert history.last_night() == "2026-11-01"
    fold(tmp_path)
    assert history.last_night() == "2026-11-01"


def test_clocks_that_jump_are_noted_and_cost_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    ahead = datetime.now(UTC) + timedelta(days=400)
    history.add(run_of("back", made_case("net", 2.0), finished="2026-10-31T00:00:00+00:00"), tmp_path / "back")
    history.add(run_of("ahead", made_case("net", 2.0), started=ahead.isoformat(), finished=""), tmp_path / "ahead")
    assert history.read(ALL).table.num_rows == 2
    assert ["ended before it began" in history.notes[0], "wrong clock" in history.notes[1]] == [True, True]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _rewritten(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(0, 1), path)


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [_cut, _altered, _rewritten, _emptied])
@pytest.mark.parametrize("folded", [False, True])
def test_a_damaged_file_is_told_and_the_rest_is_read(tmp_path: Path, damage: object, folded: bool) -> None:
    history = History(tmp_path)
    for number in (3, 40):  # September and October
        night = night_of(number)
        history.add(run_of(night, made_case("net", 2.0 + number), night=night), tmp_path / night)
    if folded:
        fold(tmp_path, Retention(run_files_days=0))
    target = next((tmp_path / ("months" if folded else "runs")).glob("2026-09*"))
    damage(target)  # type: ignore[operator]
    again = History(tmp_path)
    assert again.read(ALL).nights == (night_of(40),)
    assert len(again.notes) == 1
    assert target.name in again.notes[0]
    assert target.exists()


def test_a_damaged_file_does_not_keep_its_run_from_being_added_again(tmp_path: Path) -> None:
    history = History(tmp_path)
    run = run_of("one", made_case("net", 2.0))
    history.add(run, tmp_path)
    _cut(next((tmp_path / "runs").glob("*.parquet")))
    assert history.add(run, tmp_path)
    assert History(tmp_path).read(ALL).table.num_rows == 1
    assert len(list((tmp_path / "runs").iterdir())) == 2  # the damaged one was put aside


def test_files_of_another_schema_and_of_others_are_left_out_with_a_note(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add(run_of("one", made_case("net", 2.0)), tmp_path)
    path = next((tmp_path / "runs").glob("*.parquet"))
    table = pq.read_table(path)
    newer = {b"devbench.history": json.dumps({"schema": 99, "series": []}).encode()}
    _put_as_written(table.replace_schema_metadata(newer), path.parent, "2026-11-01_abc")
    _put_as_written(table.replace_schema_metadata(None), path.parent, "2026-11-01_abd")
    (path.parent / "mine.parquet").write_bytes(path.read_bytes())
    again = History(tmp_path)
    assert again.read(ALL).table.num_rows == 1
    assert [
        word for word in ("schema 99", "not written by devbench", "mine.parquet") if word in " ".join(again.notes)
    ] == [
        "schema 99",
        "not written by devbench",
        "mine.parquet",
    ]


def _put_as_written(table: object, folder: Path, stem: str) -> None:
    import hashlib

    draft = folder / "draft"
    pq.write_table(table, draft)
    draft.rename(folder / f"{stem}_{hashlib.sha256(draft.read_bytes()).hexdigest()[:16]}.parquet")


def _write_many(folder: Path, who: int) -> None:
    history = History(folder)
    for number in range(6):
        history.add(run_of(f"{who}-{number}", made_case("net", 2.0), night=night_of(number)), folder)
        history.add(run_of(f"same-{number}", made_case("net", 2.0), night=night_of(number)), folder)


def test_several_writers_and_one_that_folds_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(tmp_path, who)) for who in range(3)]
    (tmp_path / "runs").mkdir()
    for writer in writers:
        writer.start()
    counts = []
    while any(writer.is_alive() for writer in writers):
        fold(tmp_path)
        counts.append(History(tmp_path).read(ALL).table.num_rows)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    fold(tmp_path, Retention(run_files_days=0))
    assert History(tmp_path).read(ALL).table.num_rows == 3 * 6 + 6
    assert counts == sorted(counts)  # a reader never sees fewer than before


def test_folding_keeps_figures_drops_what_it_says_and_removes_run_files_only_later(tmp_path: Path) -> None:
    history = History(tmp_path)
    for number in range(5):
        night = night_of(number)
        cases = made_case("net", 2.0 + number), made_case("gone", None)
        history.add(run_of(night, *cases, night=night), tmp_path / night)
    before = _figures(history.read(ALL))
    now = datetime(2026, 9, 6, tzinfo=UTC)
    done, notes = fold(tmp_path, now=now)
    assert [(one.month, one.runs, one.rows, one.dropped) for one in done] == [("2026-09", 5, 5, 5)]
    assert notes == []
    assert len(list((tmp_path / "runs").iterdir())) == 5
    assert _figures(history.read(ALL)) == {one for one in before if one[1] == "measured"}
    assert fold(tmp_path, now=now + timedelta(days=8)) == ([], [])
    assert list((tmp_path / "runs").iterdir()) == []
    assert _figures(History(tmp_path).read(ALL)) == {one for one in before if one[1] == "measured"}


def _figures(rows: Rows) -> set[tuple[str, str, float]]:
    nights = [rows.nights[one] for one in rows.night]
    values = [round(float(one), 6) for one in np.nan_to_num(rows.numbers("fastest_ms"))]
    return set(zip(nights, rows.texts("status"), values, strict=True))


def test_a_run_that_goes_on_after_it_was_folded_counts_as_it_is_now(tmp_path: Path) -> None:
    history = History(tmp_path)
    first, second = made_case("net", 2.0), made_case("late", 3.0)
    about = {"night": "2026-09-01", "started": "2026-09-01T02:00:00+00:00"}
    history.add(run_of("run", first, made_case("late", None), finished="", **about), tmp_path)  # type: ignore[arg-type]
    fold(tmp_path)
    history.add(run_of("run", first, second, **about), tmp_path)  # type: ignore[arg-type]
    expected = [2.0, 3.0]
    assert sorted(history.read(ALL).numbers("fastest_ms")) == expected
    fold(tmp_path, Retention(run_files_days=0))
    history.add(run_of("run", first, made_case("late", None), finished="", **about), tmp_path)  # type: ignore[arg-type]
    assert sorted(History(tmp_path).read(ALL).numbers("fastest_ms")) == expected  # an older copy changes nothing
    fold(tmp_path, Retention(run_files_days=0))
    assert sorted(History(tmp_path).read(ALL).numbers("fastest_ms")) == expected


def test_months_beyond_those_that_are_kept_are_removed_and_said(tmp_path: Path) -> None:
    history = History(tmp_path)
    for night in ("2026-08-31", "2026-09-30", "2026-10-01"):
        history.add(run_of(night, made_case("net", 2.0), night=night), tmp_path / night)
    _, notes = fold(tmp_path, Retention(months=2), now=datetime(2026, 10, 15, tzinfo=UTC))
    assert [note[:7] for note in notes] == ["2026-08"]
    assert history.read(ALL).nights == ("2026-09-30", "2026-10-01")


def test_rebuild_knows_nights_and_purposes_from_the_folders_and_keeps_what_was_decided(tmp_path: Path) -> None:
    night = tmp_path / "nights" / "2026-10-05"
    made_run(night / "runs" / "imagenet--attic", made_case("net", 2.0))
    made_run(night / "again" / "1" / "imagenet", made_case("net", 2.1), started="2026-11-02T02:00:00+00:00")
    made_run(tmp_path / "nights" / "plain", made_case("net", 2.2), night="2026-10-07")
    (night / "night.json").write_text(json.dumps({"id": "2026-10-05"}))
    (tmp_path / "nights" / "broken").mkdir()
    (tmp_path / "nights" / "broken" / "run.json").write_text("{")
    history = History(tmp_path / "history")
    found = gather(history, [tmp_path / "nights"])
    assert (found.added, found.known, len(found.refused)) == (3, 0, 1)
    assert history.read().nights == ("2026-10-05", "2026-10-07")
    assert history.read(Which(purposes=("again",))).nights == ("2026-10-05",)
    assert gather(history, [tmp_path / "nights"]).known == 3
    with pytest.raises(DevbenchError, match="holds no run"):
        rebuild(history, [tmp_path / "history"])
    assert rebuild(history, [tmp_path / "nights"]).added == 3
    assert History(tmp_path / "history").read(ALL).table.num_rows == 3


def test_runs_of_before_get_their_undisturbed_figure_from_their_samples(tmp_path: Path) -> None:
    fixtures = Path(__file__).parents[1] / "fixtures"
    history = History(tmp_path / "history")
    assert gather(history, [fixtures / "run-schema-1", fixtures / "run-schema-2"]).refused == []
    rows = history.read(ALL)
    assert np.isfinite(rows.numbers("fastest_ms")).sum() == 1  # one round alone does not tell how processes differ
