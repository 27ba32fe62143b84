"""Two finished runs of one suite, as a notebook meets them."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Bench, made_quiet

SUITE = """
name: fakes
models:
  - {name: mobilenet_v1, source: mobilenet_v1.fake}
  - {name: inception_v4, source: inception_v4.fake}
devices: [{fake: {slowdown: [1, 3]}}]
measure: {profile: quick, rounds: 2, max_rounds: 2, warmup_runs: 2, warmup_s: 0, min_runs: 9, min_s: 0, cap_s: 15, time_limit_s: 20}
"""


def two_runs(bench: Bench) -> tuple[Path, Path]:
    """`results/runs/before` and `results/runs/after`: two networks on two systems, four cases each."""
    bench.fake("mobilenet_v1", invoke_us=300)
    bench.fake("inception_v4", invoke_us=700)
    bench.write("suite.yaml", SUITE)
    folders = []
    for name in ("before", "after"):
        out = bench.folder / "results" / "runs" / name
        done = bench("run", "suite.yaml", "--out", out)
        assert done.returncode == 0, done.stderr
        made_quiet(out)
        folders.append(out)
    return folders[0], folders[1]
