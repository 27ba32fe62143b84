"""The interpreters of TensorFlow Lite of several years, each in an environment of its own, made with uv."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Version of tflite-runtime, and a Python that has a package of it.
VERSIONS = {
    "2.7.0": "3.8",
    "2.8.0": "3.9",
    "2.9.1": "3.9",
    "2.10.0": "3.9",
    "2.11.0": "3.9",
    "2.12.0": "3.9",
    "2.13.0": "3.9",
    "2.14.0": "3.11",
}
LITERT, OWN = "LiteRT", "LiteRT, own kernels"
_ANSWER = Path(__file__).with_name("answer.py")

Arrays = Mapping[str, Any]  # by RUN/END


@dataclass(frozen=True)
class Reader:
    """An interpreter. kernels: what `answer.py` takes."""

    name: str
    python: str
    package: str
    kernels: str = "default"

    def answers(self, model: Path, given: Arrays, limit_s: float) -> Arrays | str:
        """What the file at `model` gives for `given`; or why it gives nothing, in a few words."""
        with tempfile.TemporaryDirectory() as scratch:
            source, out = Path(scratch) / "given.npz", Path(scratch) / "out.npz"
            np.savez(source, **given)
            command = [self.python, str(_ANSWER), self.package, self.kernels, str(model), str(source), str(out)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit_s)
            except subprocess.TimeoutExpired:
                return f"not within {limit_s:g} s"
            if out.exists():
                with np.load(out) as found:
                    return dict(found)
            lines = done.stdout.splitlines()
            return f"fails: {json.loads(lines[-1])}" if lines else f"ends with exit status {done.returncode}"


def readers(folder: Path, versions: list[str]) -> list[Reader]:
    """LiteRT with the kernels of XNNPACK, as by default; LiteRT with its own; and these versions of tflite-runtime."""
    here = [
        Reader(name=LITERT, python=sys.executable, package="ai_edge_litert"),
        Reader(OWN, sys.executable, "ai_edge_litert", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"),
    ]
    return [*here, *(Reader(one, str(python_of(folder, one)), "tflite_runtime") for one in versions)]


def python_of(folder: Path, version: str) -> Path:
    """The interpreter of an environment with this version of tflite-runtime, made now if it is not there."""
    environment = folder.resolve() / f"tflite-{version}"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run(["uv", "venv", "-q", "--python", _interpreter(VERSIONS[version]), environment], check=True)
        packages = [f"tflite-runtime=={version}", "numpy<2"]
        subprocess.run(["uv", "pip", "install", "-q", "--python", python, *packages], check=True)
    return python


def _interpreter(version: str) -> str:
    """A Python of this version that pyenv has, else what uv finds or gets."""
    found = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else version
