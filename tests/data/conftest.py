"""Two finished runs of one suite, as a notebook meets them: measured once, and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench, bench_in, made_quiet

SUITE = """
name: fakes
models:
  - {name: mobilenet_v1, source: mobilenet_v1.fake}
  - {name: inception_v4, source: inception_v4.fake}
devices: [{fake: {slowdown: [1, 3]}}]
measure: {profile: quick, rounds: 2, max_rounds: 2, warmup_runs: 2, warmup_s: 0, min_runs: 9, min_s: 0, cap_s: 15, time_limit_s: 20}
"""


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `before` and `after`: two networks on two systems, four cases each."""
    with bench_in(tmp_path_factory.mktemp("measured")) as bench:
        bench.fake("mobilenet_v1", invoke_us=300)
        bench.fake("inception_v4", invoke_us=700)
        suite = bench.write("suite.yaml", SUITE)
        for name in ("before", "after"):
            done = bench("run", suite, "--out", f"runs/{name}")
            assert done.returncode == 0, done.stderr
            made_quiet(bench.folder / "runs" / name)
        return bench.folder / "runs"


@pytest.fixture
def two_runs(bench: Bench, measured: Path) -> tuple[Path, Path]:
    """`results/runs/before` and `results/runs/after` in the folder of `bench`."""
    runs = bench.folder / "results" / "runs"
    shutil.copytree(measured, runs)
    return runs / "before", runs / "after"
