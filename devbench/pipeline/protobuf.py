"""Reads protobuf without its schema: enough to look into TensorFlow's and ONNX's files, which are messages of it.

Neither package need be installed, and nothing of the file is run. A ValueError says that the bytes are not a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10
_MOST_FIELDS = 5_000_000  # a file made to hurt has nothing but fields


@dataclass(frozen=True, slots=True)
class Message:
    """A message: fields by number. `data` is shared, so that looking into a large file copies nothing."""

    data: memoryview

    def __iter__(self) -> Iterator[tuple[int, int | memoryview]]:
        """Each field in the file's order: its number, and an integer or the bytes of text or of a message."""
        position, end, count = 0, len(self.data), 0
        while position < end:
            count += 1
            if count > _MOST_FIELDS:
                raise ValueError("too many fields")
            key, position = _varint(self.data, position)
            number, kind = key >> 3, key & 7
            if number == 0:
                raise ValueError("a field without a number")
            if kind == _VARINT:
                value, position = _varint(self.data, position)
                yield number, value
                continue
            if kind == _BYTES:
                length, position = _varint(self.data, position)
            elif kind in (_FIXED64, _FIXED32):
                length = 8 if kind == _FIXED64 else 4
            else:
                raise ValueError("a field of no known kind")
            if length > end - position:
                raise ValueError("a field ends after the message does")
            yield number, self.data[position : position + length]
            position += length

    def all(self, number: int) -> Iterator[Message]:
        """The messages in fields of this number."""
        return (Message(value) for key, value in self if key == number and isinstance(value, memoryview))

    def first(self, number: int) -> Message:
        """The first of them; an empty message if there is none."""
        return next(self.all(number), Message(memoryview(b"")))

    def text(self, number: int) -> str:
        """The text in the first field of this number; "" if there is none."""
        return bytes(self.first(number).data).decode(errors="replace")

    def texts(self, number: int) -> list[str]:
        """The texts in all fields of this number."""
        return [bytes(one.data).decode(errors="replace") for one in self.all(number)]

    def integer(self, number: int, default: int = 0) -> int:
        """The last integer in a field of this number, as int64 has it."""
        found = default
        for key, value in self:
            if key == number and isinstance(value, int):
                found = value - (1 << 64) if value >= 1 << 63 else value
        return found

    def entries(self, number: int) -> Iterator[tuple[str, Message]]:
        """The items of a map from text to messages."""
        return ((one.text(1), one.first(2)) for one in self.all(number))


def message(data: bytes) -> Message:
    """The message in `data`."""
    return Message(memoryview(data))


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for count in range(_MOST_VARINT_BYTES):
        if position >= len(data):
            raise ValueError("cut short")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more comes
            return value & (1 << 64) - 1, position
    raise ValueError("a number without an end")
