"""Runs edgetpu_compiler, and reads what it prints. No such compiler has been at hand: its text is from public logs."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench import ModelError

PROGRAM = "edgetpu_compiler"
LOG_FILE = "edgetpu_compiler.log"
TIME_LIMIT_S = 300
_GRACE_S = 30
_SIZES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@dataclass(frozen=True, kw_only=True)
class CompilerLog:
    """What the compiler says of what it did. Bytes are as exact as it prints them, two decimals of a MiB.

    operators: name, how many, and its status, for each line of the table.
    """

    version: str
    tpu_operations: int
    cpu_operations: int
    subgraphs: int
    cached_bytes: int
    free_bytes: int
    streamed_bytes: int
    operators: tuple[tuple[str, int, str], ...]

    @property
    def facts(self) -> dict[str, str]:
        """The same as text, for the record of a result."""
        return {
            "compiler_version": self.version,
            "mapped_operations": f"{self.tpu_operations} of {self.tpu_operations + self.cpu_operations}",
            "tpu_subgraphs": str(self.subgraphs),
            "on_chip_bytes": str(self.cached_bytes),
            "on_chip_free_bytes": str(self.free_bytes),
            "off_chip_bytes": str(self.streamed_bytes),
        }


def compiler_problem() -> str:
    """Why nothing can be compiled here; "" if the compiler is there."""
    if shutil.which(PROGRAM):
        return ""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return f"{PROGRAM} is for x86-64 Linux only, and this is {platform.system()} on {platform.machine()}"
    return f"{PROGRAM} is not on PATH"


def compiler_version() -> str:
    """What `edgetpu_compiler -v` says, such as `16.0.384591198`."""
    text = _run([PROGRAM, "-v"], time_limit_s=30)
    found = re.search(r"version (\S+)", text)
    if not found:
        raise ModelError(f"{PROGRAM} -v: says no version: {_last(text)}")
    return found[1]


def compile_model(model: Path, into: Path) -> Path:
    """Compile `model` into the folder `into`, with the log beside it; a `ModelError` says why it cannot be."""
    command = [PROGRAM, "-s", "-t", str(TIME_LIMIT_S), "-o", str(into), str(model)]
    text = _run(command, time_limit_s=TIME_LIMIT_S + _GRACE_S, log=into / LOG_FILE)
    compiled = into / f"{model.stem}_edgetpu.tflite"
    if not compiled.is_file():
        raise ModelError(
            f"{PROGRAM}: {model.name}: {_cause(text)}", "`devbench check` says which operation it is about."
        )
    return compiled


def read_log(text: str) -> CompilerLog:
    """The compiler's text in figures; a `ModelError` if they are not in it.

    Without the lines "Number of operations that will run on...", all operations are on the Edge TPU.
    """
    total = _number(r"Total number of operations: (\d+)", text)
    on_cpu = _number(r"operations that will run on CPU: (\d+)", text, 0)
    version = re.search(r"Edge TPU Compiler version (\S+)", text)
    return CompilerLog(
        version=version[1] if version else "unknown",
        tpu_operations=_number(r"operations that will run on Edge TPU: (\d+)", text, total - on_cpu),
        cpu_operations=on_cpu,
        subgraphs=_number(r"Number of Edge TPU subgraphs: (\d+)", text, 0),
        cached_bytes=_size("On-chip memory used for caching model parameters", text),
        free_bytes=_size("On-chip memory remaining for caching model parameters", text),
        streamed_bytes=_size("Off-chip memory used for streaming uncached model parameters", text),
        operators=tuple(
            (name, int(count), status.strip())
            for name, count, status in re.findall(r"^([A-Z][A-Z0-9_]+) +(\d+) +(\S.*)$", text, re.MULTILINE)
        ),
    )


def facts_of_log(folder: Path) -> Mapping[str, str]:
    """What the log that was kept in the folder says; nothing if it cannot be read."""
    try:
        return read_log((folder / LOG_FILE).read_text(errors="replace")).facts
    except (OSError, ModelError):
        return {}


def _run(command: Sequence[str], time_limit_s: int, log: Path | None = None) -> str:
    """All that the command prints. Whatever ends us, or its time, ends it and all that it started."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ModelError(f"{command[0]}: cannot be started: {error.strerror}") from error
    try:
        text, _ = process.communicate(timeout=time_limit_s)
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{PROGRAM}: took more than {time_limit_s} s, and was ended",
            "Compile it by hand with a longer --timeout_sec, and name the result as the model's `compiled:` file.",
        ) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if log:
        log.write_text(text)
    return text


def _cause(text: str) -> str:
    """The lines that say why, of a compilation that failed."""
    told = [line.strip() for line in text.splitlines() if re.match(r"ERROR|.*[Ff]ailed: |.*not quantized", line)]
    return " ".join(told) or f"left no compiled file: {_last(text)}"


def _last(text: str) -> str:
    return " ".join(text.split())[-200:] or "it printed nothing"


def _number(pattern: str, text: str, default: int | None = None) -> int:
    found = re.search(pattern, text)
    if found:
        return int(found[1])
    if default is None:
        raise ModelError(f"the compiler's log does not say: {pattern.partition(':')[0]}")
    return default


def _size(name: str, text: str) -> int:
    found = re.search(re.escape(name) + r": ([0-9.]+)(B|KiB|MiB|GiB)", text)
    return round(float(found[1]) * _SIZES[found[2]]) if found else 0
