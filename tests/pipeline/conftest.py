"""What is costly to make, and made once: TensorFlow takes seconds to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with every form of the network, and what the converter's program makes of each."""
    pytest.importorskip("tensorflow", reason="the sources are written by TensorFlow")
    folder = tmp_path_factory.mktemp("forms")
    command = [sys.executable, "-m", "tests.pipeline.networks", str(folder), "--converted"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
