"""Which operations the Edge TPU compiler maps, since which runtime, and within which limits.

Names and limits follow Coral's table of supported operations, in copies that others keep of it (one of runtime 14,
whole to ResizeNearestNeighbor, and an older one that is whole). What stands in neither is from memory, and its
verdicts say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devbench_edgetpu.graph import Operation

Limit = Callable[[Operation], str]  # what an operation breaks; "" if it keeps within the limit
_FROM_MEMORY = " (a limit we know from memory)"
_SOFTMAX_MOST = 16000
_ONE_CONSTANT = 2


@dataclass(frozen=True)
class Supported:
    """One operation.

    since: the oldest runtime that has it, 0 if any. remembered: limits that no copy of the table has.
    documented: whether a copy has the operation. note: why it may stay on the CPU all the same.
    """

    since: int = 0
    limits: tuple[Limit, ...] = ()
    remembered: tuple[Limit, ...] = ()
    documented: bool = True
    note: str = ""

    def broken(self, operation: Operation) -> str:
        """The first limit that the operation breaks; "" if it keeps within all."""
        for limit in (*self.limits, *self.remembered):
            if text := limit(operation):
                return text + (_FROM_MEMORY if limit in self.remembered else "")
        return ""


def _no_activation(operation: Operation) -> str:
    return "has a fused activation" if operation.options.get("activation", 0) else ""


def _even_dilation(operation: Operation) -> str:
    width, height = operation.options.get("dilation_w", 1), operation.options.get("dilation_h", 1)
    return f"is dilated by {width} in x and {height} in y" if width != height else ""


def constant_parameters(operation: Operation) -> str:
    """Weights and bias must stand in the file."""
    computed = [one for one in operation.inputs[1:3] if not one.constant]
    return f"has parameters that are computed, not constant: {computed[0]}" if computed else ""


def _zeros_alone(operation: Operation) -> str:
    constants = [one for one in operation.inputs if one.constant]
    zeros = all(set(one.data) <= {one.zero_point & 0xFF} for one in constants)
    if not constants or (zeros and len(operation.inputs) == _ONE_CONSTANT):
        return ""
    return "joins a constant that is not all zeros" if not zeros else "joins a constant to more than one other input"


def _plain_fully_connected(operation: Operation) -> str:
    if operation.options.get("format", 0):
        return "has shuffled weights"
    wide = [one for one in operation.outputs if one.dimensions > 1]
    if wide:
        return f"has an output of shape {list(wide[0].shape)}, not of one dimension"
    kept = operation.options.get("keep_num_dims", 0)
    return "keeps the number of dimensions (keep_num_dims; seen with compiler 14): reshape to [1, n]" if kept else ""


def _axes(operation: Operation) -> tuple[int, ...]:
    rank = len(operation.inputs[0].shape) if operation.inputs else 0
    found = operation.inputs[1].integers if len(operation.inputs) > 1 else ()
    return tuple(axis + rank if axis < 0 else axis for axis in found)


def _not_in_batch(operation: Operation) -> str:
    rank = len(operation.inputs[0].shape) if operation.inputs else 0
    return "reduces over the batch" if rank > 1 and 0 in _axes(operation) else ""


def _depth_of_four(operation: Operation) -> str:
    shape = operation.inputs[0].shape if operation.inputs else ()
    over_depth = len(shape) - 1 in _axes(operation)
    return f"reduces a depth of {shape[-1]}, no multiple of 4" if over_depth and shape and shape[-1] % 4 else ""


def _not_packed_in_batch(operation: Operation) -> str:
    return "packs along the batch" if operation.options.get("axis") == 0 else ""


def _not_padded_in_batch(operation: Operation) -> str:
    paddings = operation.inputs[1].integers if len(operation.inputs) > 1 else ()
    return "pads the batch" if any(paddings[:2]) else ""


def _not_split_in_batch(operation: Operation) -> str:
    axis = operation.inputs[0].integers if operation.inputs else ()
    rank = len(operation.inputs[1].shape) if len(operation.inputs) > 1 else 0
    return "splits the batch" if axis[:1] in ((0,), (-rank,)) and rank > 1 else ""


def _flat_alpha(operation: Operation) -> str:
    alpha = operation.inputs[1] if len(operation.inputs) > 1 else None
    return f"has an alpha of shape {list(alpha.shape)}: share axes 1 and 2" if alpha and alpha.dimensions > 1 else ""


def _short_softmax(operation: Operation) -> str:
    shape = operation.inputs[0].shape if operation.inputs else ()
    if sum(size > 1 for size in shape) > 1:
        return f"is over an input of shape {list(shape)}, not of one dimension"
    return f"has {shape[-1]} elements, more than {_SOFTMAX_MOST}" if shape and shape[-1] > _SOFTMAX_MOST else ""


def _leading_ones(operation: Operation) -> str:
    if not operation.inputs or not operation.outputs:
        return ""
    before, after = operation.inputs[0].shape, operation.outputs[0].shape
    kept = before[len(before) - len(after) :] == after
    return "" if kept else f"takes other sizes than leading 1s away, from {list(before)} to {list(after)}"


def _plain_slice(operation: Operation) -> str:
    if operation.options.get("ellipsis_mask", 0) or operation.options.get("new_axis_mask", 0):
        return "has an ellipsis or a new axis"
    strides = operation.inputs[3].integers if len(operation.inputs) > 3 else ()  # noqa: PLR2004
    return f"has strides {list(strides)}, not all 1" if any(step != 1 for step in strides) else ""


_CONVOLUTION = Supported(limits=(_even_dilation, constant_parameters))
_RESIZE = Supported(
    note="may stay on the CPU: where the sizes cost precision, or for its version (seen with compiler 15)"
)
_REDUCE_14 = Supported(since=14, limits=(_not_in_batch,))

OPERATIONS: Mapping[str, Supported] = {
    "ADD": Supported(),
    "AVERAGE_POOL_2D": Supported(limits=(_no_activation,)),
    "CONCATENATION": Supported(limits=(_no_activation, _zeros_alone)),
    "CONV_2D": _CONVOLUTION,
    "DEPTHWISE_CONV_2D": _CONVOLUTION,
    "EXPAND_DIMS": Supported(since=13),
    "FULLY_CONNECTED": Supported(limits=(_plain_fully_connected, constant_parameters)),
    "L2_NORMALIZATION": Supported(),
    "LOGISTIC": Supported(),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Supported(since=14),
    "MAXIMUM": Supported(),
    "MAX_POOL_2D": Supported(limits=(_no_activation,)),
    "MEAN": Supported(limits=(_not_in_batch, _depth_of_four)),
    "MINIMUM": Supported(),
    "MUL": Supported(),
    "PACK": Supported(since=13, limits=(_not_packed_in_batch,)),
    "PAD": Supported(limits=(_not_padded_in_batch,)),
    "PRELU": Supported(since=13, limits=(_flat_alpha,)),
    "QUANTIZE": Supported(since=13),
    "REDUCE_MAX": _REDUCE_14,
    "REDUCE_MIN": _REDUCE_14,
    "RELU": Supported(),
    "RELU6": Supported(),
    "RELU_N1_TO_1": Supported(),
    "RESHAPE": Supported(note="may stay on the CPU where the tensor is large"),
    "RESIZE_BILINEAR": _RESIZE,
    "RESIZE_NEAREST_NEIGHBOR": _RESIZE,
    "RSQRT": Supported(since=14, documented=False),
    "SLICE": Supported(),
    "SOFTMAX": Supported(limits=(_short_softmax,)),
    "SPACE_TO_DEPTH": Supported(),
    "SPLIT": Supported(remembered=(_not_split_in_batch,)),
    "SQUARED_DIFFERENCE": Supported(since=14, documented=False),
    "SQUEEZE": Supported(limits=(_leading_ones,)),
    "STRIDED_SLICE": Supported(limits=(_plain_slice,)),
    "SUB": Supported(),
    "SUM": Supported(since=13, remembered=(_not_in_batch,), documented=False),
    "TANH": Supported(),
    "TRANSPOSE": Supported(since=14, documented=False),
    "TRANSPOSE_CONV": Supported(since=13, documented=False),
}
