"""Writes to where the user wants an output: a file whole or not at all, a terminal or a pipe as they are."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.files import write_whole
from devbench.printable import printable


def write_output(path: Path, text: str) -> None:
    """Put `text` at `path`, which is a file, or what takes a stream: /dev/stdout, /dev/null, a pipe with a reader."""
    try:
        about = path.stat() if path.exists() else None
        if about and os.path.samestat(about, os.fstat(1)):
            sys.stdout.write(text)
        elif about and _takes_stream(about.st_mode):
            _stream(path, printable(text).encode())
        else:
            write_whole(path, text.encode())
    except OSError as error:
        raise DevbenchError(f"{path}: cannot be written: {error.strerror or error}", "Choose another --out.") from error


def _takes_stream(mode: int) -> bool:
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _stream(path: Path, data: bytes) -> None:
    """Into what stands there. A pipe that nobody reads is an error, and not waited for."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
