"""Mutated lab files, through the reading that every command with places does.

uv run python -m benchmarks.fuzz.lab [--seed 0] [--count 3000]
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.reading import trial_of
from benchmarks.fuzz.yaml_text import mutated_yaml
from devbench.cli.setup import load_plugins
from devbench.run.start import known_names
from devbench.suites.lab import read_lab

LAB = """
places:
  - {name: attic, device: coral-dev-board, ssh: mendel@attic, python: /usr/bin/python3}
  - {name: attic, device: coral-dev-board-cpu, ssh: mendel@attic}
  - name: cellar
    device: coral-usb
    options: {port: 2-1}
    ssh:
      host: lab@cellar
      config: ssh_config
      cache: /data/devbench
      cache_mib: 200
  - name: local
    device: desktop-cpu
    python: {tflite-runtime: .venv-tflite/bin/python, litert: ~/bin/python}
  - {name: desk, device: jetson, settle: {power_mode: 15W, clocks: true, fan: 0.5}}
"""


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Read so many mutated lab files."""
    known = known_names(load_plugins())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lab.yaml"

        def read(data: bytes) -> None:
            path.write_bytes(data)
            read_lab(path, known)

        read(LAB.encode())
        yield trials_apart("lab", trial_of(lambda random: mutated_yaml(random, [LAB]), read), seed, count)


if __name__ == "__main__":
    main(__doc__, kinds)
