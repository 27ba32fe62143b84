"""Writes files whole or not at all, whatever happens meanwhile; reads files up to a size."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

_DRAFT = re.compile(r"\..+\.([0-9]+)\.tmp", re.DOTALL)
# File systems that cannot make a folder durable by itself, and folders that may be written and not read.
_NO_FOLDER_FSYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`: after a crash there is the old file or the new one, never a part. Raises OSError.

    Only a file is replaced: not a device, a pipe or a folder, and not a link, which somebody else may have laid.
    """
    with replacing(path) as draft:
        draft.write_bytes(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft to write into; it takes the place of `path` at the end, and is removed after an error. Raises OSError.

    When this returns, a power cut loses neither the file nor its name. What is replaced must be a file.
    """
    _refuse_other_than_file(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.{os.getpid()}.tmp")
    draft.touch(exist_ok=False)  # where others can write, a link may wait under a name that can be guessed
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make the folder and those above it, as far as they are not there, so that a power cut takes none. OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Have the names in the folder at `path` on the disk, where its file system can promise that. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno in _NO_FOLDER_FSYNC:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FSYNC:
            raise
    finally:
        os.close(descriptor)


def remove_stale_drafts(folder: Path) -> None:
    """Remove what writers that were killed have left in `folder`: drafts whose process is gone. Raises OSError."""
    for path in folder.iterdir():
        found = _DRAFT.fullmatch(path.name)
        if found and not _is_running(int(found[1])):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def open_regular(path: Path, most_bytes: int = sys.maxsize) -> Iterator[BufferedReader]:
    """The file at `path` for reading; an OSError if it is a pipe, a device or larger than `most_bytes`."""
    try:  # without O_NONBLOCK, the opening of a pipe would wait for somebody to write into it
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(errno.EINVAL, "Its name holds a NUL character", str(path)) from error
    with open(descriptor, "rb") as file:  # noqa: PTH123
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


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _refuse_other_than_file(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise OSError(errno.EEXIST, f"It is a symbolic link to {path.readlink()}; name that file itself", str(path))
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise OSError(errno.EEXIST, f"It is {what}, and only files are replaced", str(path))
