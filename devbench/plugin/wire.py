"""How devbench and a plugin's process talk: frames over a socket, pickle down and JSON up.

A plugin's process trusts devbench. devbench checks what comes back like any input from outside: see
`schema.py`.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from threading import Lock
from typing import Any

VALUE, RAISED, ERROR, LOG = b"v", b"r", b"e", b"l"  # the first byte of a frame that comes up
_LENGTH = struct.Struct(">Q")
_CHUNK_BYTES = 1 << 20


class FrameTooLongError(Exception):
    """A frame that is longer than allowed."""


class Connection:
    """One end of the conversation."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = Lock()  # a plugin's threads may report while its answer is on the way

    def send(self, data: bytes, limit_s: float | None = None) -> None:
        """Send one frame; an OSError if nobody takes it in time."""
        with self._lock:
            self._connection.settimeout(limit_s)
            self._connection.sendall(_LENGTH.pack(len(data)) + data)

    def receive(self, most_bytes: int, deadline_s: float | None = None) -> bytes:
        """The next frame; b"" at the end of the conversation. deadline_s: of the monotonic clock, else TimeoutError."""
        head = self._exactly(_LENGTH.size, deadline_s)
        if not head:
            return b""
        (length,) = _LENGTH.unpack(head)
        if length > most_bytes:
            raise FrameTooLongError(f"{length} bytes, and {most_bytes} are allowed")
        return self._exactly(length, deadline_s)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _exactly(self, length: int, deadline_s: float | None) -> bytes:
        """So many bytes; b"" if the conversation ends before."""
        data = bytearray()
        while len(data) < length:
            left_s = None if deadline_s is None else deadline_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                raise TimeoutError
            self._connection.settimeout(left_s)
            part = self._connection.recv(min(length - len(data), _CHUNK_BYTES))
            if not part:
                return b""
            data += part
        return bytes(data)


def encoded(value: Any) -> bytes:
    """The value as JSON; a TypeError for what is not plain data."""
    return json.dumps(_plain(value)).encode("ascii")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {_key(key): _plain(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 0) == 1 and value.dtype.kind in "iu":
        return base64.b64encode(value.astype("int64").tobytes()).decode("ascii")  # the samples of a round
    raise TypeError(f"it holds a value of type {type(value).__name__}, which is not plain data")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"it holds a key of type {type(key).__name__}, which is not text")
    return key
