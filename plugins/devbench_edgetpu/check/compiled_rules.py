"""What a compiled file says of itself, and its compiler's log; and whether a file has a compiled one beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devbench import Check, ModelError
from devbench_edgetpu.check.mapping import Prediction
from devbench_edgetpu.check.parameters import LEAST_MEMORY
from devbench_edgetpu.compiled import CompiledFile, is_compiled, read_compiled
from devbench_edgetpu.compiler_log import log_beside

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
    yield from _log_beside(path)


def streaming(cached_bytes: int, streamed_bytes: int) -> str:
    """Why parameters travel with every inference; "" for none, and for so few that it does not matter."""
    if streamed_bytes <= FEW_BYTES:
        return ""
    size = f"{streamed_bytes / 1e6:.3g} MB of parameters are sent with every inference"
    if cached_bytes + streamed_bytes > LEAST_MEMORY:
        return f"{size}: the chip's memory does not hold them all"
    return (
        f"{size}, though all would fit: large activations, or a file that it was compiled together with, took the room"
    )


def _log_beside(path: Path) -> Iterator[Check]:
    """The compiler's table of operators, where its log lies beside the compiled file."""
    log = log_beside(path)
    if log:
        left = f"; left: {log.left}" if log.left else ""
        mapped = f"{log.tpu_operations} of {log.tpu_operations + log.cpu_operations} operations mapped"
        yield Check(name="compiler's log", good=True, text=f"{mapped}{left}")


def beside(path: Path, prediction: Prediction) -> Iterator[Check]:
    """X_edgetpu.tflite beside X.tflite: whether it is as predicted, and how to measure it."""
    other = path.with_name(f"{path.stem}_edgetpu.tflite")
    try:
        if not other.is_file() or not is_compiled(other):
            return
        found = read_compiled(other)
    except ModelError as error:
        yield Check(name="compiled file", good=None, text=f"{other.name} is beside it, and cannot be read: {error}")
        return
    yield Check(
        name="compiled file",
        good=True,
        text=f"{other.name} is beside it: {_compared(found, prediction)}",
        hint=f"To measure it, name it in the suite: `compiled: {other.name}`.",
    )
    yield from _log_beside(other)


def _compared(found: CompiledFile, prediction: Prediction) -> str:
    count = sum(found.cpu_operations.values())
    text = f"{count} of {len(prediction.judged)} operations on the CPU"
    return f"{text}, as predicted" if count in prediction.on_cpu else f"{text}, which is not as predicted"
