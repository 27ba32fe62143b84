"""Zip files of strangers: looked into without unpacking, unpacked within limits and never outside of a folder."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from devbench.errors import ModelError

_MOST_ENTRIES = 20_000
_MOST_BYTES = 8 << 30  # unpacked
_MOST_RATIO = 1000  # deflate's own limit is 1032: nothing honest comes near over a whole archive
_RATIO_FROM_BYTES = 64 << 20
_MOST_MEMBER_BYTES = 64 << 20  # of a text such as a network's description


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive at `path`; a `ModelError` if it is damaged, hostile or too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelError(f"{path}: the zip file is damaged or cut short: {error}", "Get it again.") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one text in it. A ValueError if it is larger than a text can be."""
    if archive.getinfo(name).file_size > _MOST_MEMBER_BYTES:
        raise ValueError(f"{name} is larger than {_MOST_MEMBER_BYTES >> 20} MiB")
    return archive.read(name)


def unpack(path: Path, into: Path) -> None:
    """Unpack the archive at `path` into the folder `into`. Links, and names that lead out of it, are refused."""
    with opened(path) as archive:
        for info in archive.infolist():
            target = into / PurePosixPath(info.filename)
            if info.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as packed, target.open("xb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if len(infos) > _MOST_ENTRIES or unpacked > _MOST_BYTES:
        raise ModelError(
            f"{path}: the zip file unpacks to {len(infos)} files of {unpacked >> 20} MiB, which is too much"
        )
    if unpacked > _RATIO_FROM_BYTES and unpacked > _MOST_RATIO * max(packed, 1):
        raise ModelError(f"{path}: the zip file is made to fill the disk ({packed >> 10} KiB for {unpacked >> 20} MiB)")
    for info in infos:
        name = PurePosixPath(info.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in info.filename or "\0" in info.filename:
            raise ModelError(f"{path}: the zip file has a file outside of itself: {info.filename!r}", "Do not use it.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ModelError(f"{path}: the zip file holds a link, {info.filename!r}", "Pack the files themselves.")
