"""The first graph of a .tflite file, operation by operation: for rules, and for what decides how long it takes."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from devbench.errors import ModelError
from devbench.models.tflite_file import read_tflite


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor of the graph. Its number is what tells it from others: names need not differ, and may be empty.

    shape: 1 for a free batch, -1 for any other size that is not fixed. free: the dimensions that are not fixed.
    data: of a constant, b"" of any other. constant: neither given nor computed. outside: its data stand in the
    file, but outside the FlatBuffer. scale, zero_point: of a tensor that is quantized as a whole; scales: how many.
    """

    number: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    free: tuple[int, ...] = ()
    data: bytes = b""
    constant: bool = False
    variable: bool = False
    outside: bool = False
    scale: float = 0.0
    zero_point: int = 0
    scales: int = 0

    @property
    def integers(self) -> tuple[int, ...]:
        """The values of an int32 constant, such as axes."""
        whole = len(self.data) // 4
        return struct.unpack(f"<{whole}i", self.data[: whole * 4]) if self.dtype == "int32" else ()

    @property
    def dimensions(self) -> int:
        """How many of its sizes are more than 1."""
        return sum(size != 1 for size in self.shape)

    @property
    def elements(self) -> int:
        """How many values it has; a size that is not fixed counts as 1."""
        return math.prod(abs(size) for size in self.shape)

    @property
    def made(self) -> bool:
        """Whether it is an input of the graph or an operation's output: neither constant nor state."""
        return not self.constant and not self.variable

    def __str__(self) -> str:
        return f"‘{self.name}’" if self.name else f"number {self.number}"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation, by its name in the schema, or a custom one's own name."""

    number: int
    name: str
    version: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, int]
    custom: bool = False

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Inputs, then outputs."""
        return (*self.inputs, *self.outputs)

    @property
    def weights(self) -> Tensor | None:
        """The constant it multiplies with: the second input of convolutions and dense layers."""
        found = self.inputs[1] if len(self.inputs) > 1 else None
        return found if found is not None and found.constant else None

    @property
    def largest(self) -> int:
        """Elements of its largest tensor that is not constant."""
        return max((one.elements for one in self.tensors if one.made), default=0)

    def __str__(self) -> str:
        where = f" {self.outputs[0]}" if self.outputs and self.outputs[0].name else ""
        return f"operation {self.number}, {self.name}{where}"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The first graph of a file: operations in the order in which they run."""

    operations: tuple[Operation, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @cached_property
    def _makers(self) -> Mapping[int, Operation]:
        return {tensor.number: one for one in self.operations for tensor in one.outputs}

    def maker(self, tensor: Tensor) -> Operation | None:
        """The operation that puts the tensor out; None for inputs and constants."""
        return self._makers.get(tensor.number)

    @property
    def computed(self) -> tuple[Tensor, ...]:
        """The inputs, and all that operations put out, each once."""
        every = [*self.inputs, *(tensor for one in self.operations for tensor in one.outputs)]
        return tuple({tensor.number: tensor for tensor in every}.values())

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """The constants that operations take, each once."""
        every = (tensor for one in self.operations for tensor in one.inputs if tensor.constant)
        return tuple({tensor.number: tensor for tensor in every}.values())


def read_graph(path: Path) -> Graph:
    """The graph in the file at `path`; a `ModelError` says why it is not a whole .tflite file."""
    from devbench.models.graph_reader import graph_of

    read_tflite(path)  # says what is wrong with a file that is none, or not whole
    try:
        return graph_of(path.read_bytes())
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ModelError(f"{path}: its graph cannot be read ({type(error).__name__}: {error})") from error
