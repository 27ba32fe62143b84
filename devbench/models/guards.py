"""Failures of a .tflite file that nobody reports: seen in the file itself, without data and without running it.

Such a file looks perfect and answers nonsense, or does so on some runtimes only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.making import Preparation
from devbench.domain.model import TensorSpec
from devbench.models.arithmetic import float_operations
from devbench.models.graph import Graph, Operation, Tensor, read_graph

DENSE, OUTSIDE, FREE_BATCH = "dense layers", "weights in the file", "free batch"
INPUT_RANGE, OUTPUT_SCALE, ISLANDS = "input range", "output scale", "float islands"
_LOWEST = {"int8": -128, "uint8": 0}
_STEPS = 255
_LEAST_COVERED, _MOST_WIDER = 0.67, 2.0  # a dark set of pictures covers less than all; noise covers more
_PROBABILITIES = ("SOFTMAX", "LOGISTIC")
_LEAST_PROBABILITY_SPAN, _COARSEST_PROBABILITY = 0.5, 1 / 16
_MOVES = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE")


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A failure that is there. fatal: what the file answers is wrong wherever it runs."""

    name: str
    text: str
    hint: str
    fatal: bool = False


def guards(path: Path, preparation: Preparation | None = None) -> list[Guard]:
    """The failures of the file at `path`; a `ModelError` if it cannot be read.

    preparation: how pictures are prepared for it, where that is known.
    """
    return guards_of(read_graph(path), preparation)


def guards_of(graph: Graph, preparation: Preparation | None = None) -> list[Guard]:
    """The failures of a graph."""
    found = [*_dense(graph), *_outside(graph), *_free_batch(graph), *_output_scales(graph), *_islands(graph)]
    return [*found, *(input_ranges(graph.inputs, preparation) if preparation else ())]


def dense_per_channel(graph: Graph) -> tuple[Operation, ...]:
    """Dense layers whose weights have a scale for each output."""
    dense = (one for one in graph.operations if one.name == "FULLY_CONNECTED")
    return tuple(one for one in dense if one.weights and one.weights.scales > 1)


def constants_outside(graph: Graph) -> tuple[Tensor, ...]:
    """Constants in the file, but outside of its FlatBuffer."""
    return tuple(one for one in graph.constants if one.outside)


def free_batch(graph: Graph) -> bool:
    """Whether an input takes any number of pictures at once."""
    return any(0 in one.free and len(one.shape) > 1 for one in graph.inputs)


def _dense(graph: Graph) -> Iterator[Guard]:
    if found := dense_per_channel(graph):
        first = found[0]
        yield Guard(
            name=DENSE,
            text=f"{first} has {first.weights.scales if first.weights else 0} scales, one for each output, which "
            "readers of 2022 and older misread without an error",
            hint="Quantize it with one scale for each dense layer: devbench does so where it makes the file "
            "(`calibrate:` in the suite).",
        )


def _outside(graph: Graph) -> Iterator[Guard]:
    if found := constants_outside(graph):
        yield Guard(
            name=OUTSIDE,
            text=f"{len(found)} constants are outside of the FlatBuffer, where older readers do not look",
            hint="devbench puts them inside where it makes the file.",
        )


def _free_batch(graph: Graph) -> Iterator[Guard]:
    if free_batch(graph):
        yield Guard(name=FREE_BATCH, text="the size of the batch is free (-1)", hint="devbench takes it as 1.")


def input_ranges(inputs: Iterable[Tensor | TensorSpec], preparation: Preparation) -> Iterator[Guard]:
    """A failure for each 8-bit input that does not take what pictures become when they are prepared so."""
    low, high = preparation.range
    if not 0 < high - low < math.inf:  # a strange mean or std gives a strange input: the file cannot help that
        return
    for tensor in inputs:
        if not (tensor.scale and tensor.dtype in _LOWEST):
            continue
        least = (_LOWEST[tensor.dtype] - tensor.zero_point) * tensor.scale
        most = least + _STEPS * tensor.scale
        covered = (min(high, most) - max(low, least)) / (high - low)
        if covered < _LEAST_COVERED or most - least > _MOST_WIDER * (high - low):
            yield Guard(
                name=INPUT_RANGE,
                text=f"its input ‘{tensor.name}’ covers {least:.3g} to {most:.3g}, and pictures are prepared with "
                f"{preparation}: it would answer at random",
                hint=f"If the network was trained on {low:.3g} to {high:.3g}, quantize it again with pictures prepared "
                f"so. If it was not, correct `prepare`{_suggested(least, most)}.",
                fatal=True,
            )


def _suggested(least: float, most: float) -> str:
    """The usual preparation that would fit, if one does."""
    usual = {(-1.0, 1.0): "mean: 127.5, std: 127.5", (0.0, 1.0): "mean: 0, std: 255", (0.0, 255.0): "mean: 0, std: 1"}
    for (low, high), text in usual.items():
        width = high - low
        if abs(least - low) < 0.05 * width and abs(most - high) < 0.05 * width:
            return f": `prepare: {{{text}}}` would fit the file"
    return ""


def _output_scales(graph: Graph) -> Iterator[Guard]:
    for output in graph.outputs:
        operation = _before(graph, output)
        quantized = _quantized(graph, output)
        if operation is None or quantized is None or operation.name not in _PROBABILITIES:
            continue
        span = _STEPS * quantized.scale
        if span < _LEAST_PROBABILITY_SPAN or quantized.scale > _COARSEST_PROBABILITY:
            yield Guard(
                name=OUTPUT_SCALE,
                text=f"its output {output} should hold probabilities, and covers {span:.3g} in steps of "
                f"{quantized.scale:.3g}",
                hint="Quantize it again, with pictures like those it was trained on.",
                fatal=True,
            )


def _islands(graph: Graph) -> Iterator[Guard]:
    eight = [one for one in graph.computed if one.dtype in _LOWEST and one.scale]
    found = float_operations(graph) if eight else ()
    if found:
        kinds = ", ".join(dict.fromkeys(one.name for one in found))
        yield Guard(
            name=ISLANDS,
            text=f"{len(found)} of {len(graph.operations)} operations compute in float ({kinds}) within an 8-bit"
            " network",
            hint="The quantizer left them: each costs two conversions, and an Edge TPU stops at the first.",
        )


def _before(graph: Graph, output: Tensor) -> Operation | None:
    """The operation that computes the output: what only changes type or shape after it is passed over."""
    operation = graph.maker(output)
    for _ in range(len(graph.operations)):
        if operation is None or operation.name not in _MOVES or not operation.inputs:
            break
        operation = graph.maker(operation.inputs[0])
    return operation


def _quantized(graph: Graph, output: Tensor) -> Tensor | None:
    """The output in 8 bits: itself, or what is dequantized at the end."""
    if output.scale and output.dtype in _LOWEST:
        return output
    last = graph.maker(output)
    before = last.inputs[0] if last and last.name == "DEQUANTIZE" and last.inputs else None
    return before if before and before.scale and before.dtype in _LOWEST else None
