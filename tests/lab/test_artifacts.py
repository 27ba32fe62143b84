"""A model file that was replaced is still there to be measured beside the new one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from devbench.lab.artifacts import as_before, keep_artifacts
from devbench.store.folder import RunFolder
from tests.conftest import Bench


def test_the_old_file_is_what_the_suite_of_then_names(bench: Bench, tmp_path: Path) -> None:
    first = bench.fake("a", invoke_us=100).read_bytes()
    assert bench("run", bench.fake_suite("a"), "--out", "old").returncode == 0
    old = RunFolder(bench.folder / "old").load()
    assert keep_artifacts(old, tmp_path / "nights") == []
    bench.fake("a", invoke_us=300)
    before = as_before(old.request, old.cases, tmp_path / "nights")
    entry = json.loads(before.suite_text)["models"][0]
    assert Path(entry["source"]).read_bytes() == first
    bench.write("before.yaml", before.suite_text)
    done = bench("run", "before.yaml", "--out", "again")
    assert done.returncode == 0, done.stderr
    [case] = bench.run_file("again")["cases"]
    assert case["artifact"]["sha256"] == hashlib.sha256(first).hexdigest()
