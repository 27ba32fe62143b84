"""What the Edge TPU compiler makes of a graph, as far as it is known: operations on the TPU, at least and at most.

The compiler makes one part for the TPU ("more than one subgraph is not supported"), by TensorFlow Lite's own rule for
delegates: operations at the beginning that it cannot map go first, then all that can be mapped and is fed by these, by
inputs and by each other. What follows an operation on the CPU stays there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devbench import Graph, Operation, Tensor
from devbench_edgetpu.check.evidence import Evidence, Fate, Judgement, seen
from devbench_edgetpu.check.operations import OPERATIONS

EIGHT_BITS = ("int8", "uint8")
_INNERMOST = 3
# Types of constants that are not 8-bit parameters; int32 and int64 are biases, shapes and axes.
_NOT_QUANTIZED = ("float16", "float32", "float64", "int4", "int16")
# Seen at the beginning on the CPU, with a part on the TPU behind them; of others that is only presumed.
_SEEN_LEADING = ("CAST", "QUANTIZE")
_REQUIREMENTS = "Coral's model requirements"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Each operation with its judgement, and the operations on the TPU if all that is not known goes well, or badly."""

    judged: tuple[tuple[Operation, Judgement], ...]
    most: tuple[Operation, ...]
    least: tuple[Operation, ...]

    @property
    def on_cpu(self) -> range:
        """How many operations stay on the CPU: from as few as `start` to fewer than `stop`."""
        return range(len(self.judged) - len(self.most), len(self.judged) - len(self.least) + 1)

    def having(self, fate: Fate) -> list[tuple[Operation, Judgement]]:
        """The operations that are judged so, in their order."""
        return [(operation, judgement) for operation, judgement in self.judged if judgement.fate is fate]


def predict(graph: Graph, *, multiple_parts: bool = False) -> Prediction:
    """What the compiler makes of the graph; multiple_parts: with its option --enable_multiple_subgraphs."""
    judged = tuple((operation, judge(operation)) for operation in graph.operations)
    sure = {operation.number for operation, judgement in judged if judgement.fate is Fate.MAPPED}
    possible = {operation.number for operation, judgement in judged if judgement.fate is not Fate.LEFT}
    if multiple_parts:
        parts = [[one for one in graph.operations if one.number in chosen] for chosen in (sure, possible)]
    else:
        parts = [_part(graph, chosen, leading) for chosen in (sure, possible) for leading in (_seen_leading, _any)]
    parts.sort(key=len)
    return Prediction(judged=judged, most=tuple(parts[-1]), least=tuple(parts[0]))


def _part(graph: Graph, mapped: set[int], may_lead: Callable[[Operation], bool]) -> list[Operation]:
    """The operations of the one part for the TPU."""
    ready = {tensor.number for tensor in graph.inputs}

    def fed(operation: Operation) -> bool:
        return all(not tensor.made or tensor.number in ready for tensor in operation.inputs)

    def give(operation: Operation) -> None:
        ready.update(tensor.number for tensor in operation.outputs)

    if graph.operations and graph.operations[0].number not in mapped:
        for operation in graph.operations:
            if operation.number not in mapped and fed(operation) and may_lead(operation):
                give(operation)
    part = []
    for operation in graph.operations:
        if operation.number in mapped and fed(operation):
            part.append(operation)
            give(operation)
    return part


def _seen_leading(operation: Operation) -> bool:
    return operation.name in _SEEN_LEADING


def _any(_: Operation) -> bool:
    return True


def judge(operation: Operation) -> Judgement:
    """What the compiler does with the operation if it can reach it."""
    known = seen().get(operation.name)
    if reason := foreign(operation):
        evidence = Evidence.SEEN_LEFT if known and known.left else Evidence.DOCUMENTED
        return Judgement(fate=Fate.LEFT, reason=reason, evidence=evidence, source=_REQUIREMENTS)
    for tensor in operation.tensors:
        if reason := _wrong_shape(tensor):
            return Judgement(fate=Fate.LEFT, reason=reason, evidence=Evidence.DOCUMENTED, source=_REQUIREMENTS)
    kind = OPERATIONS[operation.name]
    broken = [(limit, text) for limit in kind.limits if (text := limit.broken(operation))]
    if broken:
        limit, text = next((one for one in broken if one[0].fate is Fate.LEFT), broken[0])
        return Judgement(fate=limit.fate, reason=text, evidence=limit.evidence, source=limit.source)
    if kind.fate is not Fate.MAPPED:
        return Judgement(fate=kind.fate, reason="may be mapped", evidence=kind.evidence, source=kind.source)
    evidence = Evidence.SEEN_MAPPED if known and known.mapped else kind.evidence
    return Judgement(fate=kind.fate, reason="is mapped", evidence=evidence, source=kind.source)


def foreign(operation: Operation) -> str:
    """Why the operation is none for an Edge TPU, by its kind or types, whatever its sizes and options; "" if it is."""
    if operation.name not in OPERATIONS:
        return "is not supported"
    for tensor in operation.inputs:
        if tensor.constant and tensor.dtype in _NOT_QUANTIZED:
            return f"has {tensor.dtype} parameters"
    for tensor in operation.tensors:
        if tensor.made and tensor.dtype not in EIGHT_BITS:
            return f"works on {tensor.dtype}"
    return ""


def _wrong_shape(tensor: Tensor) -> str:
    if -1 in tensor.shape:
        return "has a size that is not fixed"
    if tensor.made and outer(tensor):
        return f"has the shape {list(tensor.shape)}: only the three innermost sizes may be more than 1"
    return ""


def outer(tensor: Tensor) -> bool:
    """Whether another than the three innermost sizes is more than 1."""
    return any(size != 1 for size in tensor.shape[:-_INNERMOST])
