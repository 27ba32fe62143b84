"""Installs a distribution into a folder, without a network, and runs its own tests as its author would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def installed(folder: Path, site: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the distribution in `folder` is installed; its tests have passed there."""
    if not (uv := shutil.which("uv")):
        pytest.skip("there is no uv to install it with")
    command = [uv, "pip", "install", "--offline", "--quiet", "--no-deps", "--target", str(site), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("hatchling is not in uv's cache")
    assert done.returncode == 0, done.stderr
    found = {**env, "PYTHONPATH": str(site), "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:xdist"}
    tests = [sys.executable, "-m", "pytest", "-q", "-c", str(folder / "pyproject.toml"), str(folder / "tests")]
    done = subprocess.run(tests, cwd=folder, env=found, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    return found
