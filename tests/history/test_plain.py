"""Columns of Arrow as arrays of numpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from devbench.history.fold import fold
from devbench.history.plain import integers_of, mask_of, numbers_of
from devbench.history.store import History
from tests.history.made import made_case, run_of


def test_numbers_keep_their_gaps_in_whole_columns_pieces_and_slices() -> None:
    whole = pa.chunked_array(
        [pa.array([1.5, None, 3.0], pa.float32()), pa.array([], pa.float32()), pa.array([4.0], pa.float32())]
    )
    np.testing.assert_array_equal(numbers_of(whole), [1.5, np.nan, 3.0, 4.0])
    np.testing.assert_array_equal(numbers_of(whole.slice(1, 2)), [np.nan, 3.0])
    np.testing.assert_array_equal(numbers_of(pa.chunked_array([pa.nulls(2, pa.float64())])), [np.nan, np.nan])
    np.testing.assert_array_equal(numbers_of(pa.chunked_array([pa.array([7, None], pa.int64())])), [7.0, np.nan])
    assert numbers_of(pa.chunked_array([], pa.float32())).size == 0
    assert integers_of(pa.chunked_array([[3, 1], [2]], pa.int32()).slice(1)).tolist() == [1, 2]
    assert integers_of(pa.chunked_array([], pa.int32())).tolist() == []


def test_a_mask_keeps_what_it_says() -> None:
    table = pa.table({"a": list(range(21))})
    keep = np.arange(21) % 3 == 0
    assert table.filter(mask_of(keep))["a"].to_pylist() == list(range(0, 21, 3))


def test_a_question_to_a_history_imports_no_pandas(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add(run_of("one", made_case("net", 2.0), made_case("other", None)), tmp_path)
    fold(tmp_path)
    history.add(run_of("two", made_case("net", 2.1), night="2026-11-02"), tmp_path)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from devbench.history.series import series_since\n"
        "from devbench.history.store import History\n"
        "nights = [one.nights for one in series_since(History(Path(sys.argv[1])), '2026-11-02')]\n"
        "print(nights, 'pandas' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[('2026-11-01', '2026-11-02')] False"
