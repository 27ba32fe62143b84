"""Files that are there whole or not at all, whatever happens while they are written; and reading what has an end."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`: after a crash there is the old file or the new one, never a part. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def open_regular(path: Path, most_bytes: int = sys.maxsize) -> Iterator[BufferedReader]:
    """The file at `path` for reading; an OSError if it is a pipe, a device or larger than `most_bytes`."""
    # Without O_NONBLOCK, the opening of a pipe would wait for somebody to write into it.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        about = os.fstat(file.fileno())
        if stat.S_ISDIR(about.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "It is a pipe or a device, not a regular file", str(path))
        if about.st_size > most_bytes:
            raise _too_large(path, most_bytes)
        yield file


def read_regular(path: Path, most_bytes: int) -> bytes:
    """The bytes of the file at `path`, within the bounds of `open_regular`. Raises OSError."""
    with open_regular(path, most_bytes) as file:
        data = file.read(most_bytes + 1) or b""  # files in /proc say nothing of their size
    if len(data) > most_bytes:
        raise _too_large(path, most_bytes)
    return data


def sha256_of(path: Path) -> str:
    """The sha256 of the file at `path`, in hexadecimal digits. Raises OSError."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_of(path: Path) -> str:
    """The id git gives the file at `path`: the SHA-1 of a short header and the content. Raises OSError."""
    with open_regular(path) as file:
        data = file.read()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _too_large(path: Path, most_bytes: int) -> OSError:
    size = f"{most_bytes >> 20} MiB" if most_bytes >= 1 << 20 else f"{most_bytes >> 10} KiB"
    return OSError(errno.EFBIG, f"It is larger than {size}", str(path))
