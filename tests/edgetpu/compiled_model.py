"""Builds small files that look as the Edge TPU compiler leaves them, and the trees of sysfs that devices show in."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
from flatbuffers import flexbuffers, number_types

from tests.tiny_tflite import Operation, Tensor, write_tflite

CUSTOM = "custom:edgetpu-custom-op"


def compiled_classifier(
    path: Path, *, minimum_runtime: int = 12, left_on_cpu: bool = False, cached: int = 1000, streamed: int = 0
) -> Path:
    """`tiny_tflite.classifier` as one compiled operation, with a CPU operation after it if `left_on_cpu`."""
    tensors = [
        Tensor("image", "uint8", (1, 2, 2, 1), 1 / 127.5, 128),
        Tensor("inner", "uint8", (1, 2, 2, 1), 1 / 127.5, 128),
        Tensor("scores", "uint8", (2, 2), 1 / 127.5, 128),
    ]
    options = custom_options(minimum_runtime=minimum_runtime, cached=cached, streamed=streamed)
    if left_on_cpu:
        operations = [Operation(CUSTOM, (0,), (1,), options), Operation("SQUEEZE", (1,), (2,))]
    else:
        operations = [Operation(CUSTOM, (0,), (2,), options)]
    return write_tflite(path, tensors, operations, inputs=[0], outputs=[2])


def custom_options(*, minimum_runtime: int, cached: int, streamed: int, token: int = 77) -> bytes:
    """The options of an edgetpu-custom-op: a map with a package of a caching and an executing executable."""
    executables = [
        _table({6: b"p" * cached, 13: ("Int16Flags", 1), 14: ("Uint64Flags", token)}),
        _table({6: b"p" * streamed, 13: ("Int16Flags", 2), 14: ("Uint64Flags", token)}),
    ]
    package = _table(
        {0: ("Int32Flags", minimum_runtime), 1: _table({0: executables}), 4: b"stand-in compiler"}, identifier=b"DWN1"
    )
    builder = flexbuffers.Builder()
    with builder.Map():
        builder.Key("1")
        builder.Int(1)
        builder.Key("4")
        builder.Blob(package)
    return bytes(builder.Finish())


def _table(fields: dict[int, object], identifier: bytes = b"") -> bytes:
    """A FlatBuffers table: numbers with their type, bytes as vectors, lists of bytes as vectors of strings."""
    builder = flatbuffers.Builder(256)
    offsets = {}
    for number, value in fields.items():
        if isinstance(value, bytes):
            offsets[number] = builder.CreateByteVector(value)
        elif isinstance(value, list):
            strings = [_string(builder, one) for one in value]
            builder.StartVector(4, len(strings), 4)
            for offset in reversed(strings):
                builder.PrependUOffsetTRelative(offset)
            offsets[number] = builder.EndVector()
    builder.StartObject(17)
    for number, value in fields.items():
        if isinstance(value, tuple):
            kind, amount = value
            builder.PrependSlot(getattr(number_types, kind), number, amount, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(number, offsets[number], 0)
    root = builder.EndObject()
    builder.Finish(root, *([identifier] if identifier else []))
    return bytes(builder.Output())


def _string(builder: flatbuffers.Builder, data: bytes) -> int:
    return int(builder.CreateString(data))
