"""Makes a `.tflite` file one that every reader takes, by changing single numbers in it; what it answers stays the same.

The batch is fixed at 1, as the interpreter takes it anyway, and `keep_num_dims`, which compilers of 2021 refuse, is
switched off where it has no effect. Weights outside of the FlatBuffer take more: see the converter `inline`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

RECIPE = 1  # counted up when this file makes other bytes of the same ones
_SHAPE, _SIGNATURE, _KEEP_NUM_DIMS = 4, 18, 8  # slots in their tables, as the schema has them
_MATRIX = 2


def fixed(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of a whole .tflite file, changed where needed, and what was changed, in words."""
    import tflite

    model = tflite.Model.GetRootAs(data, 0)
    graphs = [model.Subgraphs(index) for index in range(model.SubgraphsLength())]
    sizes = list(_free_batches(graphs)) if _only_batch_is_free(graphs[0]) else []
    flags = list(_needless_flags(model, graphs))
    changed = bytearray(data)
    for position in sizes:
        struct.pack_into("<i", changed, position, 1)
    for position in flags:
        changed[position] = 0
    told = (
        *(("the free batch is fixed at 1",) if sizes else ()),
        *((f"keep_num_dims is switched off in {len(flags)} dense layers, where it has no effect",) if flags else ()),
    )
    return bytes(changed), told


def _only_batch_is_free(graph: Any) -> bool:
    """Whether each input with a free size has it in front, and nowhere else: then it stands for a batch."""
    free = [_free(graph.Tensors(graph.Inputs(index))) for index in range(graph.InputsLength())]
    return any(free) and all(one in ([], [0]) for one in free)


def _free(tensor: Any) -> list[int]:
    sizes = _vector(tensor, _SIGNATURE) or _vector(tensor, _SHAPE)
    return [index for index, (_, size) in enumerate(sizes) if size == -1] if len(sizes) > 1 else []


def _free_batches(graphs: list[Any]) -> Iterator[int]:
    """Where -1 stands in front of a shape or its signature."""
    for graph in graphs:
        for number in range(graph.TensorsLength()):
            for slot in (_SHAPE, _SIGNATURE):
                yield from (at for at, size in _vector(graph.Tensors(number), slot)[:1] if size == -1)


def _needless_flags(model: Any, graphs: list[Any]) -> Iterator[int]:
    """Where `keep_num_dims` is set of a dense layer whose input is a matrix."""
    import tflite

    for graph in graphs:
        for number in range(graph.OperatorsLength()):
            operator = graph.Operators(number)
            code = model.OperatorCodes(operator.OpcodeIndex())
            options = operator.BuiltinOptions()
            if max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) != tflite.BuiltinOperator.FULLY_CONNECTED:
                continue
            offset = options.Offset(_KEEP_NUM_DIMS) if options else 0
            if offset and options.Bytes[options.Pos + offset]:
                given = graph.Tensors(operator.Inputs(0))
                if given.ShapeLength() == _MATRIX:
                    yield options.Pos + offset


def _vector(tensor: Any, slot: int) -> list[tuple[int, int]]:
    """The int32 of a vector, each with the place where it stands."""
    table = tensor._tab
    offset = table.Offset(slot)
    if not offset:
        return []
    begin = table.Vector(offset)
    places = range(begin, begin + 4 * table.VectorLen(offset), 4)
    return [(at, struct.unpack_from("<i", table.Bytes, at)[0]) for at in places]
