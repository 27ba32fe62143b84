"""What the Edge TPU compiler can be expected to do with a graph: refuse it, or map a part of it and leave the rest."""

from __future__ import annotations

from dataclasses import dataclass

from devbench_edgetpu.graph import Graph, Operation, Tensor
from devbench_edgetpu.operations import OPERATIONS

EIGHT_BITS = ("int8", "uint8")
_INNERMOST = 3
# Types of constants that are no 8-bit parameters; int32 and int64 are biases, shapes and axes.
_NOT_QUANTIZED = ("float16", "float32", "float64", "int4", "int16")
_BEFORE_THE_REST = ("CAST", "QUANTIZE")  # these alone may stand on the CPU before the part on the TPU


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Operations on the TPU; those that cannot be there, with the reason; and those that only stand behind one."""

    on_tpu: tuple[Operation, ...]
    unmapped: tuple[tuple[Operation, str], ...]
    behind: tuple[Operation, ...]

    @property
    def on_cpu(self) -> int:
        """How many operations stay on the CPU."""
        return len(self.unmapped) + len(self.behind)


def map_operations(graph: Graph) -> Mapping:
    """The part that the compiler can take: operations it supports, fed by nothing but inputs, constants and each other.

    There is one such part ("more than one subgraph is not supported"): what follows an operation on the CPU stays
    there, except after a leading conversion of the input.
    """
    ready = {tensor.number for tensor in graph.inputs}
    on_tpu: list[Operation] = []
    unmapped: list[tuple[Operation, str]] = []
    behind: list[Operation] = []
    for operation in graph.operations:
        fed = all(tensor.constant or tensor.variable or tensor.number in ready for tensor in operation.inputs)
        if reason := unsupported(operation):
            unmapped.append((operation, reason))
        elif fed:
            on_tpu.append(operation)
        else:
            behind.append(operation)
        leading = not on_tpu and operation.name in _BEFORE_THE_REST
        if fed and (not reason or leading):
            ready |= {tensor.number for tensor in operation.outputs}
    return Mapping(on_tpu=tuple(on_tpu), unmapped=tuple(unmapped), behind=tuple(behind))


def unsupported(operation: Operation) -> str:
    """Why the compiler does not map the operation; "" if it should."""
    if reason := foreign(operation):
        return reason
    for tensor in (*operation.inputs, *operation.outputs):
        if dynamic(tensor):
            return "has a size that is not fixed"
        if not tensor.constant and outer(tensor):
            return f"has the shape {list(tensor.shape)}: only the three innermost sizes may be more than 1"
    return OPERATIONS[operation.name].broken(operation)


def foreign(operation: Operation) -> str:
    """Why the operation is none for an Edge TPU, by its kind or types, whatever its sizes and options; "" if it is."""
    if operation.name not in OPERATIONS:
        return "is not supported"
    for tensor in operation.inputs:
        if tensor.constant and tensor.dtype in _NOT_QUANTIZED:
            return f"has {tensor.dtype} parameters"
    for tensor in (*operation.inputs, *operation.outputs):
        if not tensor.constant and not tensor.variable and tensor.dtype not in EIGHT_BITS:
            return f"works on {tensor.dtype}"
    return ""


def dynamic(tensor: Tensor) -> bool:
    """Whether a size of the tensor is not fixed."""
    return -1 in tensor.shape


def outer(tensor: Tensor) -> bool:
    """Whether another than the three innermost sizes is more than 1."""
    return any(size != 1 for size in tensor.shape[:-_INNERMOST])
