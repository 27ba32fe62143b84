"""Results CSVs: what is read, and that each way to break one is named with its place."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from devbench.domain.columns import NAMES, names_in
from devbench.domain.figure import image_size
from devbench.errors import ResultsFileError
from devbench.store.results_file import read_results, read_rows, write_results

ROW = {
    **dict.fromkeys(NAMES, ""),
    "schema": "3",
    "model": "m",
    "status": "measured",
    "latency_ms": "2.0",
    "low_ms": "1.9",
    "high_ms": "2.1",
    "interval": "ci95",
    "rounds": "3",
}


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "results.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _with(**cells: str) -> str:
    return write_results([{**ROW, **cells}])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "model": 'a "b", c\nd', "latency_ms": "", "low_ms": "", "high_ms": "", "status": "failed"}]
    path = _file(tmp_path, write_results(rows))
    assert read_rows(path) == rows
    first, second = read_results(path)
    assert first.latency_ms is not None
    assert (first.latency_ms.low, first.latency_ms.estimate, first.latency_ms.high) == (1.9, 2.0, 2.1)
    assert not second.has_value


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    text = write_results([ROW])
    marked = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert read_rows(_file(tmp_path, marked)) == [ROW]


def test_a_file_of_schema_1_is_read() -> None:
    old = Path(__file__).parents[1] / "fixtures" / "run-schema-1" / "results.csv"
    with old.open(newline="") as file:
        assert tuple(next(csv.reader(file))) == names_in(1)
    measured, failed = read_results(old)
    assert measured.latency_ms is not None
    assert measured["verdict"] == "contaminated"
    assert measured["throughput_low_per_s"] == ""
    assert failed["reason"] == "RuntimeError: the fake device reports a failure"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"latency_ms": "2,5"}, ":2: latency_ms: '2,5' is not a number: write a point, not a comma"),
        ({"latency_ms": "nan"}, ":2: latency_ms: 'nan' is not a number"),
        ({"latency_ms": "0"}, "latency_ms: '0' is not above 0; leave the cell empty where there is no figure"),
        ({"latency_ms": "1e999"}, "latency_ms: '1e999' is too large"),
        ({"latency_ms": "2 ms"}, "latency_ms: '2 ms' is not a number"),
        ({"latency_ms": "3.0"}, "latency_ms: 3 lies above high_ms, 2.1"),
        ({"threads": "two"}, "threads: 'two' is not a whole number"),
        ({"status": "great"}, "status: 'great' is not one of measured, published, skipped, failed"),
        ({"status": ""}, "status: is empty"),
        ({"status": "failed"}, "status: 'failed' with a figure"),
        ({"latency_ms": "", "low_ms": "", "high_ms": ""}, "status: 'measured' without a figure"),
        ({"model_sha256": "abc"}, "model_sha256: 'abc' is not a SHA-256"),
        ({"started_utc": "yesterday"}, "started_utc: 'yesterday' is not an ISO 8601 date or time"),
        ({"schema": "4"}, "schema: '4' is not one that this devbench knows (1 to 3)"),
        ({"model": ""}, "model: is empty"),
    ],
)
def test_a_cell_that_cannot_be_is_named(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    with pytest.raises(ResultsFileError) as caught:
        read_results(_file(tmp_path, _with(**cells)))
    assert message in caught.value.message


def test_all_broken_cells_are_named_at_once(tmp_path: Path) -> None:
    rows = [{**ROW, "latency_ms": "x"}, ROW, {**ROW, "threads": "-1", "p90_ms": "?"}]
    with pytest.raises(ResultsFileError) as caught:
        read_results(_file(tmp_path, write_results(rows)))
    assert [line.split(": ")[0].rpartition(":")[2] for line in caught.value.message.splitlines()] == ["2", "4", "4"]


def _header(change: dict[str, str | None]) -> str:
    names = [change.get(name, name) for name in NAMES]
    return ",".join(name for name in names if name) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_header({"latency_ms": "latency_us"}), "unknown column 'latency_us': the unit is ms, in 'latency_ms'"),
        (_header({"status": None}), "the column 'status' is missing"),
        (_header({"status": "model"}), "there are two columns 'model'"),
        (write_results([ROW]).replace(",", ";"), "cells are separated by semicolons"),
        (write_results([ROW]).replace(",", "\t"), "cells are separated by tabs"),
        ("a,b\n1,2\n", "this is not a results CSV of devbench"),
        ("", "this is not a results CSV of devbench"),
        (write_results([ROW] * 2)[:-40], ":3: has "),
        (write_results([ROW, {**ROW, "devbench_version": 'a"b'}])[:-2], ":3: "),
        (b"schema,m\xffodel\n", "is not UTF-8 (byte 8)"),
    ],
)
def test_a_file_that_is_no_results_csv_says_why(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ResultsFileError) as caught:
        read_results(_file(tmp_path, text))
    assert message in caught.value.message


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_a_formula_is_never_handed_to_a_spreadsheet(tmp_path: Path, text: str) -> None:
    written = list(csv.DictReader(io.StringIO(_with(model=text))))
    assert written[0]["model"] == f"'{text}"
    raw = write_results([ROW]).replace(",m,", f",{text},")
    with pytest.raises(ResultsFileError) as caught:
        read_results(_file(tmp_path, raw))
    assert "would be run by a spreadsheet as a formula" in caught.value.message


def test_the_image_in_a_shape() -> None:
    shapes = ["1x300x200x3", "1x3x300x200", "200x300", "1x512x512", "", "1x-1", "1x28x28x7"]
    assert [image_size(shape) for shape in shapes] == [(200, 300), (200, 300), (200, 300), None, None, None, None]
