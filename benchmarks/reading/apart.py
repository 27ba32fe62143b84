"""A .tflite file with each operation by itself: what an operation reads becomes an input, what it gives an output.

Readers round differently, and a deep network makes much of little: its answers say little about who reads it rightly.
Here each operation gets the same input from every reader, so a difference is that operation's own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_litert.tools import flatbuffer_utils

_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


@dataclass(frozen=True)
class Apart:
    """The ends of the new file. inputs: which tensor of the network each one was; outputs: the operation of each."""

    inputs: tuple[int, ...]
    outputs: tuple[str, ...]


def take_apart(source: Path, into: Path) -> Apart:
    """Write the operations of the first graph of `source` to `into`, not connected with one another."""
    model = flatbuffer_utils.read_model(str(source))
    graph = model.subgraphs[0]
    constant = _constants(model, graph)
    inputs: list[tuple[int, int]] = []
    outputs: list[tuple[int, str]] = []
    for operation in graph.operators:
        read = [int(one) for one in operation.inputs]
        for slot, index in enumerate(read):
            if index >= 0 and index not in constant:
                inputs.append((index, len(graph.tensors)))
                read[slot] = len(graph.tensors)
                graph.tensors.append(_twin(graph.tensors[index], len(graph.tensors)))
        operation.inputs = read
        name = _name(model.operatorCodes[operation.opcodeIndex])
        outputs += [(int(index), name) for index in operation.outputs if int(index) not in constant]
    graph.inputs = [new for _, new in inputs]
    graph.outputs = [index for index, _ in outputs]
    model.signatureDefs = None
    flatbuffer_utils.write_model(model, str(into))
    return Apart(inputs=tuple(old for old, _ in inputs), outputs=tuple(name for _, name in outputs))


def tensors_of(path: Path, given: Sequence[Any], indices: Sequence[int]) -> list[Any]:
    """What these tensors of the network at `path` hold after it has answered `given`, an array for each input."""
    kernels = (
        OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )  # a delegate keeps what is between its operations to itself
    interpreter = Interpreter(
        str(path), num_threads=1, experimental_op_resolver_type=kernels, experimental_preserve_all_tensors=True
    )
    interpreter.allocate_tensors()
    for one, array in zip(interpreter.get_input_details(), given, strict=True):
        interpreter.set_tensor(one["index"], array)
    interpreter.invoke()
    return [np.array(interpreter.get_tensor(index)) for index in indices]


def _constants(model: Any, graph: Any) -> set[int]:
    """Tensors that no input decides: data in the file, what is widened of such data, and states."""
    found = set()
    for index, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if tensor.isVariable or (data is not None and len(data)):
            found.add(index)
    for operation in graph.operators:
        if all(int(one) in found or one < 0 for one in operation.inputs):
            found |= set(map(int, operation.outputs))
    return found


def _twin(tensor: Any, number: int) -> Any:
    found = copy.copy(tensor)
    found.buffer = 0
    found.name = f"given {number}".encode()
    return found


def _name(code: Any) -> str:
    return _NAMES.get(max(code.builtinCode, code.deprecatedBuiltinCode), "custom")
