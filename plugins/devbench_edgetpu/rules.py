"""Will a .tflite file run on an Edge TPU? Each rule of the compiler, and what it would leave to the CPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devbench import Check
from devbench_edgetpu.compiled import CompiledFile, is_compiled, read_compiled
from devbench_edgetpu.graph import Graph, Operation, Tensor, read_graph
from devbench_edgetpu.operations import OPERATIONS

_EIGHT_BITS = ("int8", "uint8")
_INNERMOST = 3
# 8 MB, shared with code and activations: the most that logs of the compiler have shown to be free.
_CACHE_BYTES = int(7.67 * 2**20)
_BEFORE_THE_REST = ("CAST", "QUANTIZE")  # these alone may stand on the CPU before the part on the TPU


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """What the compiler can be expected to do: operations on the TPU, and those on the CPU with the reason of each."""

    on_tpu: tuple[Operation, ...]
    on_cpu: tuple[tuple[Operation, str], ...]


def check_file(path: Path) -> list[Check]:
    """Each rule for the file at `path`, passed or not; a `ModelError` if it is no whole .tflite file."""
    if is_compiled(path):
        return list(_of_compiled(read_compiled(path)))
    graph = read_graph(path)
    mapping = map_operations(graph)
    return [
        _eight_bits(graph),
        _static(graph),
        _constant(graph),
        _dimensions(graph),
        *_operations(mapping),
        _memory(mapping),
    ]


def map_operations(graph: Graph) -> Mapping:
    """The part that the compiler can take: operations it supports, fed by nothing but inputs, constants and each other.

    There is one such part ("more than one subgraph is not supported"): what follows an operation on the CPU stays
    there, except after a leading conversion of the input.
    """
    ready = {tensor.name for tensor in graph.inputs}
    on_tpu, on_cpu = [], []
    for operation in graph.operations:
        fed = all(tensor.constant or tensor.variable or tensor.name in ready for tensor in operation.inputs)
        reason = unsupported(operation) or ("" if fed else "stands behind an operation on the CPU")
        if not reason:
            on_tpu.append(operation)
        else:
            on_cpu.append((operation, reason))
        if not reason or (fed and not on_tpu and operation.name in _BEFORE_THE_REST):
            ready |= {tensor.name for tensor in operation.outputs}
    return Mapping(on_tpu=tuple(on_tpu), on_cpu=tuple(on_cpu))


def unsupported(operation: Operation) -> str:
    """Why the compiler does not map the operation; "" if it should."""
    known = OPERATIONS.get(operation.name)
    if known is None:
        return "is not supported"
    for tensor in (*operation.inputs, *operation.outputs):
        if not tensor.constant and not tensor.variable and tensor.dtype not in _EIGHT_BITS:
            return f"works on {tensor.dtype}"
        if -1 in tensor.shape:
            return "has a size that is not fixed"
        if not tensor.constant and _outer(tensor):
            return f"has the shape {list(tensor.shape)}: only the three innermost sizes may be more than 1"
    broken = [broken for limit in known.limits if (broken := limit(operation))]
    return broken[0] + ("" if known.documented else " (a limit we know from memory)") if broken else ""


def _outer(tensor: Tensor) -> bool:
    return any(size != 1 for size in tensor.shape[:-_INNERMOST])


def _of_compiled(found: CompiledFile) -> Iterator[Check]:
    yield Check(
        name="compiled", good=True, text=f"{found.tpu_operations} part for the Edge TPU, by {_compilers(found)}"
    )
    count = sum(found.cpu_operations.values())
    listed = ", ".join(f"{name} {number}" for name, number in found.cpu_operations.items())
    yield Check(
        name="operations on the CPU",
        good=count == 0,
        text=f"{count}: {listed}" if count else "none",
        hint="The original file says why: `devbench check` on it." if count else "",
    )
    yield Check(name="runtime", good=True, text=f"version {found.minimum_runtime} of the Edge TPU runtime, or newer")
    yield Check(
        name="parameters",
        good=not found.streamed_bytes,
        text=f"{found.cached_bytes:,} bytes kept on the chip, {found.streamed_bytes:,} sent with every inference",
        hint="A smaller network would fit wholly." if found.streamed_bytes else "",
    )
    tokens = ", ".join(map(str, found.caching_tokens)) or "none"
    yield Check(name="caching token", good=True, text=f"{tokens}; files that share one share the chip's memory")


def _compilers(found: CompiledFile) -> str:
    return ", ".join(found.compilers) or "an unknown compiler"


def _eight_bits(graph: Graph) -> Check:
    wrong = Counter(
        tensor.dtype
        for operation in graph.operations
        for tensor in operation.outputs
        if tensor.dtype not in _EIGHT_BITS and not tensor.variable
    )
    first = next((one for one in graph.operations if any(t.dtype not in _EIGHT_BITS for t in one.outputs)), None)
    found = ", ".join(f"{count} {dtype}" for dtype, count in wrong.items())
    return Check(
        name="8-bit throughout",
        good=not wrong,
        text=f"{found} tensors are computed; the first by {first}"
        if wrong
        else "every computed tensor is int8 or uint8",
        hint="Quantize fully, inputs and outputs too, with a representative dataset (docs/edgetpu.md)."
        if wrong
        else "",
    )


def _static(graph: Graph) -> Check:
    tensors = [*graph.inputs, *(tensor for one in graph.operations for tensor in one.outputs)]
    names = list(dict.fromkeys(tensor.name for tensor in tensors if -1 in tensor.shape))
    return Check(
        name="fixed sizes",
        good=not names,
        text=f"{len(names)} tensors have a size that is not fixed, ‘{names[0]}’ first" if names else "all are",
        hint="Convert with a fixed batch: keras.Input(batch_shape=(1, ...)) (docs/edgetpu.md)." if names else "",
    )


def _constant(graph: Graph) -> Check:
    computed = [one for one in graph.operations if "not constant" in unsupported(one)]
    return Check(
        name="constant parameters",
        good=not computed,
        text=f"{computed[0]} has weights that are computed" if computed else "all are",
        hint="Freeze the model before converting it." if computed else "",
    )


def _dimensions(graph: Graph) -> Check:
    wrong = [one for one in graph.operations if any(_outer(tensor) for tensor in one.outputs if not tensor.constant)]
    return Check(
        name="dimensions",
        good=not wrong,
        text=f"{wrong[0]} has more than three sizes above 1" if wrong else "three at most, batch 1",
        hint="Use a batch of 1, and tensors of three dimensions at most." if wrong else "",
    )


def _operations(mapping: Mapping) -> Iterator[Check]:
    total = len(mapping.on_tpu) + len(mapping.on_cpu)
    behind = [one for one in mapping.on_cpu if one[1].startswith("stands behind")]
    own = [one for one in mapping.on_cpu if not one[1].startswith("stands behind")]
    kinds = Counter(operation.name for operation, _ in own)
    if not mapping.on_cpu:
        text = f"all {total} can be mapped"
    else:
        operation, reason = (own or behind)[0]
        rest = f"; with those behind it, {len(mapping.on_cpu)} of {total} stay on the CPU" if behind else ""
        text = f"{len(own)} cannot be mapped ({_counted(kinds)}); the first is {operation}: {reason}{rest}"
    yield Check(
        name="operations",
        good=not mapping.on_cpu,
        text=text,
        hint="Replace them, or move them to the end: what follows one stays on the CPU." if mapping.on_cpu else "",
    )
    yield from _notes(mapping)


def _notes(mapping: Mapping) -> Iterator[Check]:
    known = {operation.name: OPERATIONS[operation.name] for operation in mapping.on_tpu}
    since = max((one.since for one in known.values()), default=0)
    if since:
        names = ", ".join(name for name, one in known.items() if one.since == since)
        yield Check(name="runtime", good=True, text=f"version {since} or newer, for {names}")
    for name, one in known.items():
        if one.note:
            yield Check(name=name, good=None, text=one.note)
    memory = [name for name, one in known.items() if not one.documented]
    if memory:
        yield Check(
            name="from memory", good=None, text=f"that these are supported is not documented: {', '.join(memory)}"
        )


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in kinds.items())


def _memory(mapping: Mapping) -> Check:
    constants = {tensor.name: len(tensor.data) for one in mapping.on_tpu for tensor in one.inputs if tensor.constant}
    size = sum(constants.values())
    fits = size <= _CACHE_BYTES
    return Check(
        name="memory on the chip",
        good=fits,
        text=f"{size / 2**20:.2f} MiB of parameters, of about {_CACHE_BYTES / 2**20:.2f} MiB",
        hint="" if fits else "What does not fit travels with every inference: slower, and it works.",
    )
