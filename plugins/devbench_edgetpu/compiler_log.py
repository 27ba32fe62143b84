"""Reads what edgetpu_compiler prints: figures, and for each operator whether it was mapped, or why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from devbench import ModelError
from devbench_edgetpu.compiler import LOG_FILE

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
    def left(self) -> str:
        """Each line of the table of operators that is not on the TPU, with the compiler's reason."""
        return "; ".join(
            f"{name} {count}: {status}" for name, count, status in self.operators if not status.startswith("Mapped")
        )

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
            **({"compiler_reasons": self.left} if self.left else {}),
        }


def log_beside(compiled: Path) -> CompilerLog | None:
    """The log beside the compiled file, by the compiler's own name for it or ours; None if there is none to read."""
    for path in (compiled.with_suffix(".log"), compiled.with_name(LOG_FILE)):
        try:
            return read_log(path.read_text(errors="replace"))
        except (OSError, ModelError):
            continue
    return None


def read_log(text: str) -> CompilerLog:
    """The compiler's text in figures; a `ModelError` if they are not in it.

    Without the lines "Number of operations that will run on...", and without a table of operators, all operations are
    on the Edge TPU. The compiler's own .log file has the table alone.
    """
    operators = tuple(
        (name, int(count), status.strip())
        for name, count, status in re.findall(r"^([A-Z][A-Z0-9_]+) +(\d+) +(\S.*)$", text, re.MULTILINE)
    )
    mapped = sum(count for _, count, status in operators if status.startswith("Mapped"))
    total = _number(r"Total number of operations: (\d+)", text, sum(count for _, count, _ in operators) or None)
    on_cpu = _number(r"operations that will run on CPU: (\d+)", text, total - mapped if operators else 0)
    version = re.search(r"Edge TPU Compiler version (\S+)", text)
    return CompilerLog(
        version=version[1] if version else "unknown",
        tpu_operations=_number(r"operations that will run on Edge TPU: (\d+)", text, total - on_cpu),
        cpu_operations=on_cpu,
        subgraphs=_number(r"Number of Edge TPU subgraphs: (\d+)", text, 0),
        cached_bytes=_size("On-chip memory used for caching model parameters", text),
        free_bytes=_size("On-chip memory remaining for caching model parameters", text),
        streamed_bytes=_size("Off-chip memory used for streaming uncached model parameters", text),
        operators=operators,
    )


def _number(pattern: str, text: str, default: int | None = None) -> int:
    found = re.search(pattern, text)
    if found:
        return int(found[1])
    if default is None:
        raise ModelError(f"the compiler's log lacks: {pattern.partition(':')[0]}")
    return default


def _size(name: str, text: str) -> int:
    found = re.search(re.escape(name) + r": ([0-9.]+)(B|KiB|MiB|GiB)", text)
    return round(float(found[1]) * _SIZES[found[2]]) if found else 0
