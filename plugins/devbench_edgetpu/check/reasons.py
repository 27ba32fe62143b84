"""Why a graph breaks a requirement of the Edge TPU, in words that its owner can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from devbench import Check, Graph, Operation, Tensor
from devbench_edgetpu.check.limits import constant_parameters
from devbench_edgetpu.check.mapping import EIGHT_BITS, outer
from devbench_edgetpu.check.operations import OPERATIONS

_FLOATS = ("float16", "float32", "float64")
_ENDS = ("QUANTIZE", "DEQUANTIZE")
# How many values these put out depends on the values that they take.
_SIZED_BY_DATA = ("WHERE", "UNIQUE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "RANGE")
_DETECTION = "TFLite_Detection_PostProcess"
_VARIABLES = ("READ_VARIABLE", "VAR_HANDLE", "HASHTABLE_FIND")

_QUANTIZE = "Quantize fully, with a representative dataset (docs/edgetpu.md)."
_FLOAT16 = (
    "The weights are float16, which is for GPUs. Convert from the original again, quantized to int8: drop"
    " `supported_types = [tf.float16]`, and give a representative dataset (docs/edgetpu.md)."
)
_WEIGHTS_ONLY = (
    "Only the weights are int8; the network computes in float. Give the converter a representative dataset, so that"
    " it can quantize the rest (docs/edgetpu.md)."
)
_FLOAT_ENDS = (
    "Inside, all is int8. To spare the CPU this conversion, convert with `inference_input_type ="
    " inference_output_type = tf.uint8`; it runs as it is, too."
)
_FREE_BATCH = (
    "Convert with a batch of 1: keras.Input(batch_shape=(1, ...)) (docs/edgetpu.md). Reports show the compiler to"
    " refuse free sizes (tensorflow/tensorflow#56273); with a free batch alone it may not."
)
_FREE_SIZES = "Convert with fixed sizes: keras.Input(batch_shape=(1, height, width, 3)) (docs/edgetpu.md)."


def draws_random_numbers(operation: Operation) -> bool:
    """Whether it is one of the operations that make random numbers, built in or TensorFlow's own."""
    return "RANDOM" in operation.name.upper() or operation.name == "MULTINOMIAL"


SAMPLING = (
    "A sampling layer draws random numbers, as in a variational autoencoder; an Edge TPU cannot. For inference take"
    " the mean (z_mean) instead of a sample, or cut the model there and draw the sample in your program."
)


def eight_bits(graph: Graph) -> Check:
    """Every input and computed tensor should be int8 or uint8."""
    wrong = [tensor for tensor in graph.computed if tensor.dtype not in EIGHT_BITS and not tensor.variable]
    if not wrong:
        return Check(name="8-bit throughout", good=True, text="every input and computed tensor is int8 or uint8")
    kinds = ", ".join(f"{count} {dtype}" for dtype, count in Counter(one.dtype for one in wrong).items())
    floats = [one for one in wrong if one.dtype in _FLOATS]
    others = [one for one in wrong if one.dtype not in _FLOATS]
    hints = [_about_floats(graph, floats)] if floats else []
    hints += [_about_integers(graph, others)] if others else []
    return Check(name="8-bit throughout", good=False, text=f"{kinds} tensors: {named(wrong)}", hint=" ".join(hints))


def _about_floats(graph: Graph, floats: Sequence[Tensor]) -> str:
    """Half precision, weights only, the ends only, islands within, or all of it."""
    if any(one.dtype == "float16" for one in graph.constants):
        return _FLOAT16
    numbers = {one.number for one in floats}
    if any(one.weights and one.weights.dtype in EIGHT_BITS and one.inputs[0].number in numbers for one in _busy(graph)):
        return _WEIGHTS_ONLY
    if not any(tensor.dtype in EIGHT_BITS for tensor in graph.computed):
        return _QUANTIZE
    inside = Counter(
        one.name
        for one in graph.operations
        if one.name not in _ENDS and any(tensor.number in numbers for tensor in one.tensors)
    )
    if not inside:
        return _FLOAT_ENDS
    if set(inside) == {_DETECTION}:
        return f"Boxes and scores of {_DETECTION} are float: it runs on the CPU, in Google's own detectors too."
    listed = ", ".join(f"{name} {count}" for name, count in inside.items())
    return (
        f"The converter left these in float: {listed}. TensorFlow Lite has no int8 form of them, or they have none of"
        " the ranges that calibration finds. Replace them, or move them out of the model."
    )


def _busy(graph: Graph) -> Iterable[Operation]:
    """Operations that have weights."""
    return (one for one in graph.operations if one.weights is not None and one.inputs)


def _about_integers(graph: Graph, tensors: Sequence[Tensor]) -> str:
    makers = Counter(one.name for tensor in tensors if (one := graph.maker(tensor)))
    inputs = [tensor for tensor in tensors if graph.maker(tensor) is None]
    if not makers:
        return f"The input {named(inputs)} is {inputs[0].dtype}: an Edge TPU takes int8 or uint8, so the CPU begins."
    listed = ", ".join(f"{name} {count}" for name, count in makers.items())
    dtypes = " and ".join(dict.fromkeys(tensor.dtype for tensor in tensors))
    return (
        f"{dtypes} are indices and sizes, not quantized values (made by {listed}): these run on the CPU. Cut the model"
        " before them and do that in your program, or leave them if they are at the end."
    )


def fixed_sizes(graph: Graph) -> Check:
    """Sizes should be known to the compiler. A first one of -1 is a batch, and 1 will do."""
    free = [tensor for tensor in graph.computed if tensor.free]
    if not free:
        return Check(name="fixed sizes", good=True, text="all are")
    by_data = [one for tensor in free if (one := graph.maker(tensor)) and one.name in _SIZED_BY_DATA]
    if by_data:
        text = f"{by_data[0]} puts out as many values as its input makes it"
        hint = f"Take {by_data[0].name} out of the model and do it in your program, or multiply by a mask instead."
        return Check(name="fixed sizes", good=False, text=text, hint=hint)
    computed = [one for one in graph.operations if one.name == "RESHAPE" and any(t.made for t in one.inputs[1:2])]
    if all(tensor.free == (0,) and -1 not in tensor.shape for tensor in free) and not computed:
        text = f"the batch is free (the first size of {len(free)} tensors is -1); with a batch of 1, all are"
        return Check(name="fixed sizes", good=None, text=text, hint=_FREE_BATCH)
    text = f"{len(free)} tensors have a size that is not fixed: {named(free)}"
    return Check(name="fixed sizes", good=False, text=text, hint=_FREE_SIZES)


def constant_weights(graph: Graph) -> Check:
    """Weights and biases should stand in the file."""
    name = "constant parameters"
    computed = [one for one in graph.operations if one.name in _WITH_WEIGHTS and constant_parameters(one)]
    if not computed:
        return Check(name=name, good=True, text="all are")
    tensor = next(one for one in computed[0].inputs[1:3] if not one.constant)
    maker = graph.maker(tensor)
    text = f"{computed[0]} {constant_parameters(computed[0])}"
    return Check(name=name, good=False, text=text + (f", by {maker}" if maker else ""), hint=_about_weights(maker))


_WITH_WEIGHTS = tuple(
    name for name, kind in OPERATIONS.items() if any(one.broken is constant_parameters for one in kind.limits)
)


def _about_weights(maker: Operation | None) -> str:
    if maker is None:
        return "The weights are an input of the model. Make them constants before you convert it."
    if maker.name == "DEQUANTIZE" and maker.inputs:
        return _FLOAT16 if maker.inputs[0].dtype == "float16" else _WEIGHTS_ONLY
    if draws_random_numbers(maker):
        return SAMPLING
    if maker.name in _VARIABLES:
        return "Freeze the model before converting it: its weights are variables."
    return (
        f"{maker.name} computes them from the input, as attention does: the Edge TPU multiplies with constants only."
        " Replace that layer, or move it out of the model."
    )


def dimensions(graph: Graph) -> Check:
    """Only the three innermost sizes may be more than 1."""
    wrong = [tensor for tensor in graph.computed if not tensor.variable and outer(tensor)]
    return Check(
        name="dimensions",
        good=not wrong,
        text=f"more than the three innermost sizes are above 1: {named(wrong, shapes=True)}"
        if wrong
        else "three at most, batch 1",
        hint="Use a batch of 1, and tensors of three dimensions at most." if wrong else "",
    )


def named(tensors: Sequence[Tensor], *, shapes: bool = False) -> str:
    """The first three."""
    found = [f"{one} {list(one.shape)}" if shapes else str(one) for one in tensors[:3]]
    return ", ".join(found) + (" and others" if len(tensors) > len(found) else "")
