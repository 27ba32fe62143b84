"""Mutated suites, through the reading and the planning that `devbench run` does.

uv run python -m benchmarks.fuzz.suite [--seed 0] [--count 3000]
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.reading import trial_of
from benchmarks.fuzz.yaml_text import mutated_yaml
from devbench.cli.setup import load_plugins
from devbench.domain.run import Request
from devbench.run.context import RunContext
from devbench.run.progress import Progress
from devbench.run.start import make_plan
from devbench.suites.yaml_file import read_yaml

_SUITES = Path(__file__).parents[2] / "suites"
EVERYTHING = """
name: everything
models:
  - mobilenet_v1
  - {name: mobilenet_v2, precision: [float32, int8], weights: random}
  - name: mine
    source: models/mine.tflite
    sha256: 51e8256b05665529f8836fe6e8eeed41b2fc75a900d8eebda338d70a6726f8da
    git_blob: 51e8256b05665529f8836fe6e8eeed41b2fc75a9
    input: {image: parrot.jpg, mean: 127.5, std: 127.5}
    labels: labels.txt
    compiled: models/mine_edgetpu.tflite
  - {name: web, source: "https://example.org:443/a/b.tflite"}
devices:
  - desktop-cpu: {runtime: [litert, tflite-runtime], threads: [1, 2]}
  - {name: coral-usb, precision: int8}
precision: int8
weights: random
input: parrot.jpg
labels: labels.txt
seed: 7
measure: {profile: normal, rounds: 5, max_rounds: 8, warmup_runs: 3, warmup_s: 0.5, warmup_cap_s: 2, min_runs: 1000,
          min_s: 1, cap_s: 20, precision: 0.01, percentiles: [90, 99], time_limit_s: 600}
compare: {baseline: desktop-cpu, between_models: [mobilenet_v2, mobilenet_v1]}
references: [../a.csv, b.csv]
"""


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Read and plan so many mutated suites."""
    texts = [EVERYTHING, *(path.read_text() for path in sorted(_SUITES.glob("*.yaml")))]
    context = RunContext(
        plugins=load_plugins(),
        lab=[],
        probe=lambda *_: None,
        look=lambda *_: {},
        converse=lambda *_: iter(()),
        progress=Progress(),
        **dict.fromkeys(("cache", "hold", "earlier")),  # of no use to a plan
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suite.yaml"

        def read(data: bytes) -> None:
            path.write_bytes(data)
            make_plan(Request(suite_text=read_yaml(path).text, suite_dir=folder), str(path), context)

        for text in texts:
            read(text.encode())  # what is mutated is right
        yield trials_apart("suite", trial_of(lambda random: mutated_yaml(random, texts), read), seed, count)


if __name__ == "__main__":
    main(__doc__, kinds)
