"""What a compiled file says of itself, and its compiler's log; and whether a file has a compiled one beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devbench import Check, ModelError
from devbench_edgetpu.check.mapping import Prediction
from devbench_edgetpu.check.parameters import LEAST_MEMORY
from devbench_edgetpu.compiled import CompiledFile, is_compiled, read_compiled
from devbench_edgetpu.compiler import LOG_FILE, CompilerLog, read_log

# Seen in files whose parameters would fit many times over: not what is meant by "does not fit".
FEW_BYTES = 64 * 2**10


def of_compiled(path: Path) -> Iterator[Check]:
    """The checks of a compiled file."""
    found = read_compiled(path)
    count = sum(found.cpu_operations.values())
    listed = ", ".join(f"{name} {number}" for name, number in found.cpu_operations.items())
    parts = "" if found.tpu_operations == 1 else f", in {found.tpu_operations} parts"
    yield Check(
        name="runs on an Edge TPU",
        good=not count,
        text=f"compiled; {count} operations stay on the CPU: {listed}" if count else f"compiled, all of it{parts}",
        hint="`devbench check` on the file it was compiled from says why." if count else "",
    )
    yield Check(name="runtime", good=True, text=f"version {found.minimum_runtime} of the Edge TPU runtime, or newer")
    yield Check(
        name="parameters",
        good=True,
        text=f"{found.cached_bytes:,} bytes kept on the chip, {found.streamed_bytes:,} sent with every inference",
        hint=streaming(found.cached_bytes, found.streamed_bytes),
    )
    tokens = ", ".join(map(str, found.caching_tokens)) or "none"
    yield Check(name="caching token", good=True, text=f"{tokens}; files that share one share the chip's memory")
    log = log_of(path)
    if log:
        yield Check(name="compiler's log", good=True, text=operator_table(log))


def streaming(cached_bytes: int, streamed_bytes: int) -> str:
    """Why parameters travel with every inference; "" for none, and for so few that it does not matter."""
    if streamed_bytes <= FEW_BYTES:
        return ""
    size = f"{streamed_bytes / 1e6:.3g} MB of parameters travel with every inference"
    if cached_bytes + streamed_bytes > LEAST_MEMORY:
        return f"{size}: the chip's memory does not hold them all"
    return (
        f"{size}, though all would fit: large activations, or a file that it was compiled together with, took the room"
    )


def log_of(path: Path) -> CompilerLog | None:
    """What the compiler's log beside the compiled file says, by its own name or ours."""
    for log in (path.with_suffix(".log"), path.with_name(LOG_FILE)):
        try:
            return read_log(log.read_text(errors="replace"))
        except (OSError, ModelError):
            continue
    return None


def operator_table(log: CompilerLog) -> str:
    """Each line of the compiler's table of operators, that is what it left and why."""
    left = [f"{name} {count}: {status}" for name, count, status in log.operators if not status.startswith("Mapped")]
    mapped = sum(count for _, count, status in log.operators if status.startswith("Mapped"))
    return "; ".join([f"{mapped or log.tpu_operations} mapped", *left])


def beside(path: Path, prediction: Prediction) -> Iterator[Check]:
    """X_edgetpu.tflite beside X.tflite: whether it is as predicted, and how to measure it."""
    other = path.with_name(f"{path.stem}_edgetpu.tflite")
    try:
        if not other.is_file() or not is_compiled(other):
            return
        found = read_compiled(other)
    except ModelError as error:
        yield Check(name="compiled file", good=None, text=f"{other.name} stands beside it, and cannot be read: {error}")
        return
    yield Check(
        name="compiled file",
        good=True,
        text=f"{other.name} stands beside it: {_compared(found, prediction)}",
        hint=f"To measure it, name it in the suite: `compiled: {other.name}`.",
    )


def _compared(found: CompiledFile, prediction: Prediction) -> str:
    count = sum(found.cpu_operations.values())
    text = f"{count} of {len(prediction.judged)} operations on the CPU"
    return f"{text}, as predicted" if count in prediction.on_cpu else f"{text}, which is not as predicted"
