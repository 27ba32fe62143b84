"""Reads what the Edge TPU compiler put into a .tflite file: what runs on the TPU, and what it asks of it.

A compiled part is one operation, `edgetpu-custom-op`; its options are a FlexBuffers map whose key "4" holds a
package (a FlatBuffer with the identifier DWN1) of executables. Field numbers are those of google-coral/libedgetpu,
executable/executable.fbs. A parameter-caching executable fills the memory on the chip once; parameters of an
execution-only or a stand-alone one travel with every inference.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devbench import ModelError, read_tflite

CUSTOM_OPERATION = "edgetpu-custom-op"
_PACKAGE_IDENTIFIER = b"DWN1"
_PARAMETER_CACHING = 1  # stand-alone is 0, execution-only is 2


@dataclass(frozen=True, kw_only=True)
class CompiledFile:
    """What a compiled file says of itself.

    tpu_operations: how many `edgetpu-custom-op` it has. cpu_operations: all others, by name: they run on the host.
    minimum_runtime: oldest Edge TPU runtime version that may run it. compilers: versions, as the compiler wrote them.
    cached_bytes: parameters kept on the chip from the first inference on. streamed_bytes: those sent every time.
    caching_tokens: files that share one share the chip's memory; others push each other out of it.
    """

    tpu_operations: int
    cpu_operations: Mapping[str, int]
    minimum_runtime: int
    compilers: tuple[str, ...]
    cached_bytes: int
    streamed_bytes: int
    caching_tokens: tuple[int, ...]

    @property
    def facts(self) -> dict[str, str]:
        """The same as text, for the record of a result."""
        left = ", ".join(f"{name} {count}" for name, count in self.cpu_operations.items())
        return {
            "edgetpu_operations": str(self.tpu_operations),
            "cpu_operations": str(sum(self.cpu_operations.values())) + (f" ({left})" if left else ""),
            "minimum_runtime_version": str(self.minimum_runtime),
            "compiler": ", ".join(self.compilers) or "unknown",
            "cached_parameter_bytes": str(self.cached_bytes),
            "streamed_parameter_bytes": str(self.streamed_bytes),
            "parameter_caching_token": ", ".join(map(str, self.caching_tokens)) or "none",
        }


def is_compiled(path: Path) -> bool:
    """Whether the .tflite file has a part for the Edge TPU. A `ModelError` if it is not a whole .tflite file."""
    return CUSTOM_OPERATION in read_tflite(path).operations


def read_compiled(path: Path) -> CompiledFile:
    """What the compiler put into the file at `path`; a `ModelError` if it is not compiled, or not whole."""
    operations = dict(read_tflite(path).operations)
    count = operations.pop(CUSTOM_OPERATION, 0)
    if not count:
        raise ModelError(
            f"{path}: is not compiled for the Edge TPU: it has no {CUSTOM_OPERATION}",
            "See whether it can be: `devbench check`.",
        )
    try:
        packages = [_Package(data) for data in _packages(path.read_bytes())]
        executables = [one for package in packages for one in package.executables()]
        tokens = dict.fromkeys(one.caching_token for one in executables if one.caching_token)
        return CompiledFile(
            tpu_operations=count,
            cpu_operations=operations,
            minimum_runtime=max(package.minimum_runtime for package in packages),
            compilers=tuple(dict.fromkeys(package.compiler for package in packages if package.compiler)),
            cached_bytes=sum(one.parameter_bytes for one in executables if one.kind == _PARAMETER_CACHING),
            streamed_bytes=sum(one.parameter_bytes for one in executables if one.kind != _PARAMETER_CACHING),
            caching_tokens=tuple(tokens),
        )
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise ModelError(
            f"{path}: the part for the Edge TPU cannot be read ({type(error).__name__}: {error})",
            "Compile the model again.",
        ) from error


def _packages(data: bytes) -> Iterator[bytes]:
    """The package in each compiled operation of the file."""
    import tflite
    from flatbuffers import flexbuffers

    model = tflite.Model.GetRootAs(data, 0)
    for number in range(model.SubgraphsLength()):
        graph = model.Subgraphs(number)
        for position in range(graph.OperatorsLength()):
            operator = graph.Operators(position)
            if model.OperatorCodes(operator.OpcodeIndex()).CustomCode() == CUSTOM_OPERATION.encode():
                options = bytes(operator.CustomOptionsAsNumpy())
                found = flexbuffers.GetRoot(options).AsMap["4"]
                package = bytes(found.AsBlob if found.IsBlob else found.AsStringBytes)
                if package[4:8] != _PACKAGE_IDENTIFIER:
                    raise ValueError("its package is not a DWN1")
                yield package


class _Fields:
    """One FlatBuffers table, its fields by number."""

    def __init__(self, data: bytes) -> None:
        from flatbuffers import encode, number_types
        from flatbuffers.table import Table

        self._types: Any = number_types
        start = encode.Get(number_types.UOffsetTFlags.packer_type, data, 0)
        self._table: Any = Table(bytearray(data), start)

    def _at(self, field: int) -> int:
        offset = int(self._table.Offset(4 + 2 * field))
        return offset and offset + int(self._table.Pos)

    def number(self, field: int, kind: str) -> int:
        """The number in a field; 0 if it is not there."""
        at = self._at(field)
        return int(self._table.Get(getattr(self._types, kind), at)) if at else 0

    def length(self, field: int) -> int:
        """How many elements a vector has."""
        offset = self._table.Offset(4 + 2 * field)
        return int(self._table.VectorLen(offset)) if offset else 0

    def data(self, field: int) -> bytes:
        """A vector of bytes."""
        offset = self._table.Offset(4 + 2 * field)
        if not offset:
            return b""
        start = self._table.Vector(offset)
        return bytes(self._table.Bytes[start : start + self._table.VectorLen(offset)])

    def strings(self, field: int) -> Iterator[bytes]:
        """A vector of strings, which need not be text."""
        offset = self._table.Offset(4 + 2 * field)
        start = self._table.Vector(offset) if offset else 0
        for index in range(self.length(field)):
            yield bytes(self._table.String(start + 4 * index))


class _Package(_Fields):
    @property
    def minimum_runtime(self) -> int:
        return self.number(0, "Int32Flags")

    @property
    def compiler(self) -> str:
        return self.data(4).decode(errors="replace")

    def executables(self) -> Iterator[_Executable]:
        for one in _Fields(self.data(1)).strings(0):
            yield _Executable(one)


class _Executable(_Fields):
    @property
    def kind(self) -> int:
        return self.number(13, "Int16Flags")

    @property
    def parameter_bytes(self) -> int:
        return self.length(6)

    @property
    def caching_token(self) -> int:
        return self.number(14, "Uint64Flags")
