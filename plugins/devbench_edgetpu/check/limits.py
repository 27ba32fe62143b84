"""The limits of single operations: each function says what an operation breaks, "" if it keeps within the limit."""

from __future__ import annotations

import math

from devbench import Operation

_SOFTMAX_MOST = 16_000
_ONE_CONSTANT = 2
# Between what was reported mapped and what was reported left; see the sources in operations.py.
RESHAPE_SURE = 32 * 32 * 255
RESIZE_SURE = 128 * 128 * 32
LOGISTIC_SURE = 2**20
MEAN_SURE = 64 * 128
GROWTH_SURE = 2


def no_activation(operation: Operation) -> str:
    """Of pools and concatenations."""
    return "has a fused activation" if operation.options.get("activation", 0) else ""


def even_dilation(operation: Operation) -> str:
    """Of convolutions."""
    width, height = operation.options.get("dilation_w", 1), operation.options.get("dilation_h", 1)
    return f"is dilated by {width} in x and {height} in y" if width != height else ""


def constant_parameters(operation: Operation) -> str:
    """Weights and bias must stand in the file."""
    computed = [one for one in operation.inputs[1:3] if not one.constant]
    return f"has parameters that are computed, not constant: {computed[0]}" if computed else ""


def zeros_alone(operation: Operation) -> str:
    """Of concatenations with a constant."""
    constants = [one for one in operation.inputs if one.constant]
    zeros = all(set(one.data) <= {one.zero_point & 0xFF} for one in constants)
    if not constants or (zeros and len(operation.inputs) == _ONE_CONSTANT):
        return ""
    return "joins a constant that is not all zeros" if not zeros else "joins a constant to more than one other input"


def default_format(operation: Operation) -> str:
    """Of dense layers."""
    return "has shuffled weights" if operation.options.get("format", 0) else ""


def flat_output(operation: Operation) -> str:
    """Of dense layers."""
    wide = [one for one in operation.outputs if one.dimensions > 1]
    return f"has an output of shape {list(wide[0].shape)}, not of one dimension" if wide else ""


def dimensions_dropped(operation: Operation) -> str:
    """Of dense layers."""
    return "keeps the number of dimensions (keep_num_dims)" if operation.options.get("keep_num_dims", 0) else ""


def _axes(operation: Operation) -> tuple[int, ...]:
    rank = len(operation.inputs[0].shape) if operation.inputs else 0
    found = operation.inputs[1].integers if len(operation.inputs) > 1 else ()
    return tuple(axis + rank if axis < 0 else axis for axis in found)


def not_in_batch(operation: Operation) -> str:
    """Of reductions."""
    rank = len(operation.inputs[0].shape) if operation.inputs else 0
    return "reduces over the batch" if rank > 1 and 0 in _axes(operation) else ""


def depth_of_four(operation: Operation) -> str:
    """Of means."""
    shape = operation.inputs[0].shape if operation.inputs else ()
    over_depth = bool(shape) and len(shape) - 1 in _axes(operation)
    return f"reduces a depth of {shape[-1]}, which is not a multiple of 4" if over_depth and shape[-1] % 4 else ""


def small_mean(operation: Operation) -> str:
    """Of means: how many values one is taken of."""
    if not operation.inputs or not operation.outputs:
        return ""
    window = operation.inputs[0].elements // max(operation.outputs[0].elements, 1)
    return f"takes the mean of {window:,} values" if window > MEAN_SURE else ""


def not_packed_in_batch(operation: Operation) -> str:
    """Of packs."""
    return "packs along the batch" if operation.options.get("axis") == 0 else ""


def not_padded_in_batch(operation: Operation) -> str:
    """Of pads."""
    paddings = operation.inputs[1].integers if len(operation.inputs) > 1 else ()
    return "pads the batch" if any(paddings[:2]) else ""


def not_split_in_batch(operation: Operation) -> str:
    """Of splits, apart from one that gives its input on as it is."""
    if len(operation.outputs) == 1:
        return ""
    axis = operation.inputs[0].integers if operation.inputs else ()
    rank = len(operation.inputs[1].shape) if len(operation.inputs) > 1 else 0
    return "splits the batch" if axis[:1] in ((0,), (-rank,)) and rank > 1 else ""


def flat_alpha(operation: Operation) -> str:
    """Of PReLUs."""
    alpha = operation.inputs[1] if len(operation.inputs) > 1 else None
    return f"has an alpha of shape {list(alpha.shape)}: share axes 1 and 2" if alpha and alpha.dimensions > 1 else ""


def softmax_of_a_line(operation: Operation) -> str:
    """Of softmaxes."""
    shape = operation.inputs[0].shape if operation.inputs else ()
    wide = sum(size > 1 for size in shape) > 1
    return f"is over an input of shape {list(shape)}, not of one dimension" if wide else ""


def short_softmax(operation: Operation) -> str:
    """Of softmaxes."""
    size = operation.inputs[0].elements if operation.inputs else 0
    return f"has {size} elements, more than {_SOFTMAX_MOST}" if size > _SOFTMAX_MOST else ""


def leading_ones(operation: Operation) -> str:
    """Of squeezes."""
    if not operation.inputs or not operation.outputs:
        return ""
    before, after = operation.inputs[0].shape, operation.outputs[0].shape
    kept = before[len(before) - len(after) :] == after
    return "" if kept else f"takes other sizes than leading 1s away, from {list(before)} to {list(after)}"


def no_new_axis(operation: Operation) -> str:
    """Of slices with strides."""
    odd = operation.options.get("ellipsis_mask", 0) or operation.options.get("new_axis_mask", 0)
    return "has an ellipsis or a new axis" if odd else ""


def strides_of_one(operation: Operation) -> str:
    """Of slices with strides."""
    strides = operation.inputs[3].integers if len(operation.inputs) > 3 else ()  # noqa: PLR2004
    return f"has strides {list(strides)}, not all 1" if any(step != 1 for step in strides) else ""


def small_reshape(operation: Operation) -> str:
    """Of reshapes."""
    return f"has {operation.largest:,} elements" if operation.largest > RESHAPE_SURE else ""


def small_logistic(operation: Operation) -> str:
    """Of logistics."""
    return f"has {operation.largest:,} elements" if operation.largest > LOGISTIC_SURE else ""


def small_resize(operation: Operation) -> str:
    """Of resizes: elements of what comes out."""
    size = operation.outputs[0].elements if operation.outputs else 0
    return f"makes {size:,} elements" if size > RESIZE_SURE else ""


def small_growth(operation: Operation) -> str:
    """Of resizes: how many times larger an edge becomes."""
    if not operation.inputs or not operation.outputs:
        return ""
    before, after = operation.inputs[0].shape[1:3], operation.outputs[0].shape[1:3]
    far = any(math.ceil(new / old) > GROWTH_SURE for old, new in zip(before, after, strict=False) if old > 0)
    return f"goes from {_by(before)} to {_by(after)}" if far else ""


def not_two_by_two(operation: Operation) -> str:
    """Of transposed convolutions: the weights are [outputs, height, width, inputs]."""
    kernel = operation.weights.shape[1:3] if operation.weights else ()
    strides = operation.options.get("stride_h", 1), operation.options.get("stride_w", 1)
    return "has a kernel of 2×2 and strides of 2" if tuple(kernel) == strides == (2, 2) else ""


def _by(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))
