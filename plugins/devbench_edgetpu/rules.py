"""Will a .tflite file run on an Edge TPU? Each rule of the compiler, and what it would leave to the CPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from devbench import Check, ModelError
from devbench_edgetpu.compiled import CompiledFile, is_compiled, read_compiled
from devbench_edgetpu.graph import Graph, Tensor, read_graph
from devbench_edgetpu.mapping import EIGHT_BITS, Mapping, dynamic, map_operations, outer
from devbench_edgetpu.operations import OPERATIONS, constant_parameters
from devbench_edgetpu.versions import TENSORFLOW, doubt, refusal

# 8 MB, shared with code and activations: the most that logs of the compiler have shown to be free.
_CACHE_BYTES = int(7.67 * 2**20)
_TRAVELS = "What does not fit is sent with every inference: that works, and is slower."
_OTHER_FORMATS = {
    ".h5": "a Keras model",
    ".keras": "a Keras model",
    ".pb": "a frozen TensorFlow graph",
    ".onnx": "an ONNX model",
    ".pt": "a PyTorch model",
    ".pth": "a PyTorch model",
}


def check_file(path: Path) -> list[Check]:
    """The verdict on the file at `path`, then each rule, kept or broken; a `ModelError` if it is no .tflite file."""
    _refuse_other_formats(path)
    return list(_of_compiled(read_compiled(path)) if is_compiled(path) else check_graph(read_graph(path)))


def check_graph(graph: Graph) -> Iterator[Check]:
    """The verdict on a graph that is not compiled, then each rule."""
    mapping = map_operations(graph)
    rules = [_eight_bits(graph), _static(graph), _constant(graph), _dimensions(graph), _readable(graph)]
    yield _verdict(
        mapping,
        refused=[one.name for one in rules if one.name in _REFUSALS and one.good is False],
        doubtful=any(one.good is None for one in rules),
    )
    yield from rules
    yield _operations(mapping)
    yield from _notes(mapping)
    yield _memory(mapping)


# The rules of which the compiler takes all or nothing.
_REFUSALS = ("fixed sizes", "readable by the compiler")


def _refuse_other_formats(path: Path) -> None:
    if path.is_dir():
        what = "a SavedModel" if (path / "saved_model.pb").exists() else "a folder"
    else:
        what = _OTHER_FORMATS.get(path.suffix, "")
    if what:
        raise ModelError(
            f"{path}: this is {what}, not a .tflite file",
            "Name a file in it." if what == "a folder" else "Convert it, fully quantized: docs/edgetpu.md has the way.",
        )


def _verdict(mapping: Mapping, refused: Sequence[str], *, doubtful: bool) -> Check:
    total = len(mapping.on_tpu) + mapping.on_cpu
    good: bool | None = not refused and not mapping.on_cpu
    if refused:
        text = f"no: the compiler will refuse the file ({' and '.join(refused)})"
    elif not mapping.on_tpu:
        text = "no: nothing of it can be mapped"
    elif mapping.on_cpu:
        text = f"in part: {len(mapping.on_tpu)} of {total} operations, the other {mapping.on_cpu} stay on the CPU"
    else:
        text = f"yes, all {total} operations of it" if total > 1 else "yes"
    if doubtful and not refused and mapping.on_tpu:
        good, text = good and None, f"{text}, if the compiler can read the file"
    return Check(name="runs on an Edge TPU", good=good, text=text)


def _of_compiled(found: CompiledFile) -> Iterator[Check]:
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
        hint=_TRAVELS if found.streamed_bytes else "",
    )
    tokens = ", ".join(map(str, found.caching_tokens)) or "none"
    yield Check(name="caching token", good=True, text=f"{tokens}; files that share one share the chip's memory")


def _eight_bits(graph: Graph) -> Check:
    wrong = _distinct(
        tensor
        for tensor in _computed(graph)
        if tensor.dtype not in EIGHT_BITS and not tensor.variable and not tensor.constant
    )
    kinds = ", ".join(f"{count} {dtype}" for dtype, count in Counter(one.dtype for one in wrong).items())
    return Check(
        name="8-bit throughout",
        good=not wrong,
        text=f"{kinds} tensors: {_named(wrong)}" if wrong else "every input and computed tensor is int8 or uint8",
        hint="Quantize fully, inputs and outputs too, with a representative dataset (docs/edgetpu.md)."
        if wrong
        else "",
    )


def _static(graph: Graph) -> Check:
    wrong = _distinct(tensor for tensor in _computed(graph) if dynamic(tensor))
    return Check(
        name="fixed sizes",
        good=not wrong,
        text=f"{len(wrong)} tensors have a size that is not fixed: {_named(wrong)}" if wrong else "all are",
        hint="Convert with a fixed batch: keras.Input(batch_shape=(1, ...)) (docs/edgetpu.md)." if wrong else "",
    )


def _constant(graph: Graph) -> Check:
    computed = [
        (one, text)
        for one in graph.operations
        if constant_parameters in getattr(OPERATIONS.get(one.name), "limits", ()) and (text := constant_parameters(one))
    ]
    return Check(
        name="constant parameters",
        good=not computed,
        text=f"{computed[0][0]} {computed[0][1]}" if computed else "all are",
        hint="Freeze the model before converting it." if computed else "",
    )


def _dimensions(graph: Graph) -> Check:
    wrong = _distinct(tensor for tensor in _computed(graph) if not tensor.constant and outer(tensor))
    return Check(
        name="dimensions",
        good=not wrong,
        text=f"more than the three innermost sizes are above 1: {_named(wrong, shapes=True)}"
        if wrong
        else "three at most, batch 1",
        hint="Use a batch of 1, and tensors of three dimensions at most." if wrong else "",
    )


def _readable(graph: Graph) -> Check:
    name = "readable by the compiler"
    refused = [(one, text) for one in graph.operations if (text := refusal(one))]
    if found := refused or [(one, text) for one in graph.operations if (text := doubt(one))]:
        hint = f"Replace it, or convert with TensorFlow {TENSORFLOW} or older."
        if found[0][0].custom:
            hint = "Replace it by operations of TensorFlow Lite, or move it out of the model."
        more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
        text = f"{found[0][0]} {found[0][1]}{more}"
        return Check(name=name, good=False if refused else None, text=text, hint=hint)
    return Check(name=name, good=True, text=f"no operation is newer than TensorFlow {TENSORFLOW}")


def _operations(mapping: Mapping) -> Check:
    total = len(mapping.on_tpu) + mapping.on_cpu
    if not mapping.unmapped:
        return Check(name="operations", good=True, text=f"all {total} can be mapped")
    operation, reason = mapping.unmapped[0]
    kinds = Counter(one.name for one, _ in mapping.unmapped)
    listed = ", ".join(f"{name} {count}" for name, count in kinds.items())
    rest = f"; {len(mapping.behind)} more stand behind one of them" if mapping.behind else ""
    return Check(
        name="operations",
        good=False,
        text=f"{len(mapping.unmapped)} cannot be mapped ({listed}); the first is {operation}: {reason}{rest}",
        hint="Replace them, or move them to the end: what follows one stays on the CPU.",
    )


def _notes(mapping: Mapping) -> Iterator[Check]:
    known = {operation.name: OPERATIONS[operation.name] for operation in mapping.on_tpu}
    since = max((one.since for one in known.values()), default=0)
    if since:
        names = ", ".join(name for name, one in known.items() if one.since == since)
        yield Check(name="runtime", good=True, text=f"version {since} or newer is documented to be needed, for {names}")
    for name, one in known.items():
        if one.note:
            yield Check(name=name, good=None, text=one.note)
    memory = [name for name, one in known.items() if not one.documented]
    if memory:
        text = f"that these can be mapped we know so only: {', '.join(memory)}"
        yield Check(name="from memory", good=None, text=text)


def _memory(mapping: Mapping) -> Check:
    constants = {one.number: len(one.data) for operation in mapping.on_tpu for one in operation.inputs if one.constant}
    size = sum(constants.values())
    return Check(
        name="memory on the chip",
        good=True,
        text=f"{size / 2**20:.2f} MiB of parameters, of about {_CACHE_BYTES / 2**20:.2f} MiB",
        hint=_TRAVELS if size > _CACHE_BYTES else "",
    )


def _computed(graph: Graph) -> Iterator[Tensor]:
    """The inputs, and all that operations put out."""
    yield from graph.inputs
    for operation in graph.operations:
        yield from operation.outputs


def _distinct(tensors: Iterable[Tensor]) -> list[Tensor]:
    return list({tensor.number: tensor for tensor in tensors}.values())


def _named(tensors: list[Tensor], *, shapes: bool = False) -> str:
    """The first three."""
    named = [f"{one} {list(one.shape)}" if shapes else str(one) for one in tensors[:3]]
    return ", ".join(named) + (" and others" if len(tensors) > len(named) else "")
