"""What a .tflite network computes in, in words: a precision alone does not tell weights from arithmetic."""

from __future__ import annotations

from devbench.models.graph import Graph, Operation

_FLOATS = ("float16", "float32", "float64")
_EIGHT_BITS = ("int8", "uint8")
_ENDS = ("QUANTIZE", "DEQUANTIZE", "CAST")


def arithmetic_of(graph: Graph) -> str:
    """`int8`, `int8, float ends`, `int8 weights`, `float16 weights`, `float32`...; "" where nothing is computed."""
    floats, integers = float_operations(graph), _in(graph, (*_EIGHT_BITS, "int16"))
    if integers and floats:
        return f"int8, {len(floats)} of {len(floats) + len(integers)} operations in float"
    if integers:
        name = "int16 activations" if any(_type(one) == "int16" for one in integers) else "int8"
        ends = {one.dtype for one in (*graph.inputs, *graph.outputs)}
        return f"{name}, float ends" if ends & set(_FLOATS) else name
    if floats:
        stored = {one.dtype for one in graph.constants if one.scales or one.dtype == "float16"}
        narrow = (
            "float16" if "float16" in stored else "int8" if "int8" in stored else "int4" if "int4" in stored else ""
        )
        computed = {_type(one) for one in floats}
        return f"{narrow} weights" if narrow and narrow not in computed else min(computed)
    return ""


def float_operations(graph: Graph) -> tuple[Operation, ...]:
    """The operations that compute in floats; what only changes the type is none of them."""
    return _in(graph, _FLOATS)


def _in(graph: Graph, types: tuple[str, ...]) -> tuple[Operation, ...]:
    return tuple(one for one in graph.operations if one.name not in _ENDS and _type(one) in types)


def _type(operation: Operation) -> str:
    """The type of what it takes; of what it gives, if it takes constants alone."""
    known = (*_FLOATS, *_EIGHT_BITS, "int16")
    made = [one.dtype for one in (*operation.inputs, *operation.outputs) if one.made and one.dtype in known]
    return made[0] if made else ""
