"""What makes a network wrong without an error: a file that looks perfect, and answers nonsense or is slow."""

from __future__ import annotations

from collections.abc import Iterator

from devbench import Check, Graph, Operation
from devbench_edgetpu.check.evidence import seen

_LEAST_SPAN = 0.01
_DENSE = (
    "tflite-runtime before 2.10 reads only the first of these scales, and answers wrongly without an error; expect the"
    " same of the compiler, which is of 2021. Convert with `converter."
    "_experimental_disable_per_channel_quantization_for_dense_layers = True`."
)
_OUTSIDE = (
    "tflite-runtime up to 2.13, and presumably the compiler, do not find them. Read and write the file once with"
    " ai_edge_litert.tools.flatbuffer_utils: that puts them inside."
)
_RANGE = "Calibrate again, with images prepared as for training: this range is almost empty."
_INSTEAD = {
    "ARG_MAX": "Take the largest output in your program.",
    "BATCH_MATMUL": "The Edge TPU multiplies with constants only.",
    "DEPTH_TO_SPACE": "TRANSPOSE_CONV or RESIZE_NEAREST_NEIGHBOR make larger images too.",
    "ELU": "Use ReLU, or PReLU with shared_axes=[1, 2].",
    "GELU": "Use ReLU6.",
    "HARD_SWISH": "Use ReLU6.",
    "LEAKY_RELU": "Use ReLU, or PReLU with shared_axes=[1, 2].",
    "TFLite_Detection_PostProcess": "It always runs on the CPU, in Google's own detectors too.",
    "TRANSPOSE": "Convert from a network with channels last.",
}


def instead(operation: Operation) -> str:
    """What to use instead of the operation; "" if nothing is known."""
    return _INSTEAD.get(operation.name, "")


def traps(graph: Graph) -> Iterator[Check]:
    """A check for each that is there; of what is as it should be, only the input's range is said."""
    dense = [one for one in graph.operations if one.name == "FULLY_CONNECTED" and _scales(one) > 1]
    if dense:
        text = f"{dense[0]} has {_scales(dense[0])} scales, one for each output"
        yield Check(name="dense layers", good=None, text=text, hint=_DENSE)
    outside = [tensor for tensor in graph.constants if tensor.outside]
    if outside:
        text = f"{len(outside)} constants are outside the FlatBuffer, at the end of the file"
        yield Check(name="weights in the file", good=None, text=text, hint=_OUTSIDE)
    yield from _input_ranges(graph)
    yield from _large_tensors(graph)


def _scales(operation: Operation) -> int:
    return operation.weights.scales if operation.weights else 0


def _input_ranges(graph: Graph) -> Iterator[Check]:
    for tensor in graph.inputs:
        if tensor.scale and tensor.dtype in ("int8", "uint8"):
            lowest = -128 if tensor.dtype == "int8" else 0
            low, high = ((value - tensor.zero_point) * tensor.scale for value in (lowest, lowest + 255))
            narrow = high - low < _LEAST_SPAN
            text = f"{tensor} takes {low:.3g} to {high:.3g}: what the network was trained on?"
            yield Check(name="input range", good=None if narrow else True, text=text, hint=_RANGE if narrow else "")


def _large_tensors(graph: Graph) -> Iterator[Check]:
    """Reports show the compiler to give up on some; what size it takes is seen in files only."""
    most = max((one.largest for one in seen().values()), default=0)
    largest = max(graph.operations, key=lambda one: one.largest, default=None)
    if largest and largest.largest > most:
        yield Check(
            name="large tensors",
            good=None,
            text=f"{largest} has {largest.largest:,} elements; the most that was seen mapped is {most:,}",
            hint="The compiler may give up (“large activation tensors”): use smaller images.",
        )
