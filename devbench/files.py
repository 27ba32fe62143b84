"""Files that are there whole or not at all, whatever happens while they are written; and reading what has an end."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
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


def open_regular(path: Path) -> io.BufferedReader:
    """Open the file at `path` for reading. Raises OSError, also for a pipe or a device: reading it might never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe is opened without waiting for its writer
    except ValueError as error:
        raise OSError(errno.EINVAL, "No file can have such a name", str(path)) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, "It is a pipe or a device, not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, largest_bytes: int) -> bytes:
    """The content of the file at `path`. Raises OSError, also for what is not a regular file or is larger."""
    with open_regular(path) as file:
        too_large = os.fstat(file.fileno()).st_size > largest_bytes
        data = b"" if too_large else file.read(largest_bytes + 1) or b""  # some of /proc say nothing of their size
    if too_large or len(data) > largest_bytes:
        raise OSError(errno.EFBIG, f"It is larger than {_size(largest_bytes)}", str(path))
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


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"
