"""The pictures that accuracy is measured on: a folder or a zip, with one folder for each class, read one by one."""

from __future__ import annotations

import hashlib
import os
import random
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from devbench.domain.accuracy import PictureList, PictureName
from devbench.errors import DevbenchError
from devbench.files import read_regular
from devbench.models.image import LARGEST_BYTES

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".webp")
_MOST_PICTURES = 1_000_000
_MOST_NAMES = 3
_LAYOUT = "A test has one folder for each class, or pictures alone, without labels (docs/models.md)."


@dataclass(frozen=True, kw_only=True)
class Source:
    """A folder or a zip with pictures: their names below it, with `/` between folders, and those of empty folders.

    prefix: what comes before each name in a zip.
    """

    path: Path
    names: tuple[str, ...]
    empty: tuple[str, ...] = ()
    prefix: str = ""

    @contextmanager
    def reader(self) -> Iterator[Callable[[str], bytes]]:
        """What gives the bytes of a picture by its name. It raises a `DevbenchError` if they cannot be read."""
        if self.path.is_dir():
            yield self._from_folder
            return
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield partial(self._from_zip, archive)
        except (OSError, zipfile.BadZipFile) as error:
            raise DevbenchError(f"{self.path}: the pictures cannot be read: {error}") from error

    def _from_folder(self, name: str) -> bytes:
        try:
            return read_regular(self.path / name, LARGEST_BYTES)
        except OSError as error:
            raise DevbenchError(f"{self.path / name}: the image cannot be read: {error.strerror or error}") from error

    def _from_zip(self, archive: zipfile.ZipFile, name: str) -> bytes:
        where = f"{self.path}: {name}"
        try:
            with archive.open(self.prefix + name) as file:
                data = file.read(LARGEST_BYTES + 1)
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
            raise DevbenchError(f"{where}: the image cannot be read: {error}") from error
        if len(data) > LARGEST_BYTES:
            raise DevbenchError(f"{where}: the image is larger than {LARGEST_BYTES >> 20} MiB")
        return data


def pictures_at(path: Path) -> Source:
    """What is at `path`, whatever its folders stand for; maybe no picture at all. A `DevbenchError`."""
    try:
        return _zip(path) if path.is_file() else _folder(path)
    except OSError as error:
        raise DevbenchError(
            f"{path}: the pictures cannot be read: {error.strerror or error}",
            "Relative paths in a suite start at the suite's own folder.",
        ) from error


def open_pictures(path: Path) -> Source:
    """What is at `path`. A `DevbenchError` where there is no picture, or a class without one."""
    source = pictures_at(path)
    if not source.names:
        raise DevbenchError(f"{path}: has no picture ({', '.join(SUFFIXES)})", _LAYOUT)
    deep = [name for name in source.names if len(PurePosixPath(name).parts) == 1]
    if deep and len(deep) < len(source.names):
        raise DevbenchError(
            f"{path}: has pictures in folders and beside them ({deep[0]}): which class are those?", _LAYOUT
        )
    if source.empty and not deep:
        raise DevbenchError(
            f"{path}: has no picture of the class {source.empty[0]}",
            "Put pictures into its folder, or remove it. Without `labels:`, the folders in the order of their names are"
            " the classes.",
        )
    return source


def listed(source: Source, labels: Sequence[str], limit: int | None, seed: int, *, mixed: bool = False) -> PictureList:
    """Which pictures are asked: up to `limit`, evenly from the classes, the same ones for the same seed.

    labels: the names of the network's classes, in its order; () where nobody says them. Without them, folders that are
    numbers are these classes, and other folders in the order of their names are classes 0, 1, 2, ..., as Keras and
    torchvision have it. Each picture's `sha256` is "" before it is read. mixed: in the order of the draw, not by name.
    """
    folders = sorted({_label(name) for name in source.names} - {""})
    wanted = _classes(source.path, folders, labels)
    by_label: dict[str, list[str]] = {}
    for name in sorted(source.names):
        by_label.setdefault(_label(name), []).append(name)
    shuffler = random.Random(seed)  # noqa: S311 - a sample, not a secret
    rows = [shuffler.sample(names, len(names)) for _, names in sorted(by_label.items())]
    turns = [row[k] for k in range(max(map(len, rows))) for row in rows if k < len(row)]
    chosen = turns[:limit] if mixed else sorted(turns[:limit])
    pictures = tuple(
        PictureName(name=name, label=_label(name), wanted=wanted.get(_label(name), -1), sha256="") for name in chosen
    )
    return PictureList(source=str(source.path), classes=tuple(folders), pictures=pictures)


def with_hash(picture: PictureName, data: bytes) -> PictureName:
    """The picture, with the hash of its file."""
    return replace(picture, sha256=hashlib.sha256(data).hexdigest())


def shared(test: PictureList, marks: Iterable[str]) -> list[str]:
    """Names of the pictures of a test whose SHA-256 begins with one of the marks, which are all of one length."""
    known = set(marks)
    length = max(map(len, known), default=0)
    return [one.name for one in test.pictures if length and one.sha256[:length] in known]


def _classes(path: Path, folders: Sequence[str], labels: Sequence[str]) -> dict[str, int]:
    """The class of each folder."""
    if labels:
        numbers: dict[str, int] = {}
        for number, label in enumerate(labels):
            numbers.setdefault(label.strip().casefold(), number)
        unknown = [one for one in folders if one.casefold() not in numbers and not _is_number(one, len(labels))]
        if unknown:
            more = ", …" if len(unknown) > _MOST_NAMES else ""
            raise DevbenchError(
                f"{path}: no such class in the list of labels: {', '.join(unknown[:_MOST_NAMES])}{more}",
                "Name the folders as the labels, or by the number of their line, from 0.",
            )
        return {one: numbers[one.casefold()] if one.casefold() in numbers else int(one) for one in folders}
    if all(one.isascii() and one.isdigit() for one in folders):
        return {one: int(one) for one in folders}
    return {one: number for number, one in enumerate(folders)}


def _is_number(text: str, below: int) -> bool:
    return text.isascii() and text.isdigit() and int(text) < below


def _label(name: str) -> str:
    """The folder that a picture is in, the first below the source."""
    parts = PurePosixPath(name).parts
    return parts[0] if len(parts) > 1 else ""


def _folder(path: Path) -> Source:
    names: list[str] = []
    empty: list[str] = []
    for folder, folders, files in os.walk(path, onerror=_raise, followlinks=False):
        folders[:] = sorted(one for one in folders if not one.startswith((".", "__")))
        inside = [one for one in files if _is_picture(one)]
        relative = os.path.relpath(folder, path)
        names += [one if relative == "." else f"{relative}/{one}" for one in inside]
        if relative != "." and "/" not in relative and not inside and not folders:
            empty.append(relative)
        if len(names) > _MOST_PICTURES:
            raise DevbenchError(f"{path}: has more than {_MOST_PICTURES:,} pictures", "Name a folder with fewer.")
    return Source(path=path, names=tuple(names), empty=tuple(empty))


def _raise(error: OSError) -> None:
    raise error


def _zip(path: Path) -> Source:
    """The pictures in a zip; a folder that all of them are in, as many programs make one, is not a class."""
    if not zipfile.is_zipfile(path):
        raise DevbenchError(f"{path}: is neither a folder nor a zip with pictures", _LAYOUT)
    with zipfile.ZipFile(path) as archive:
        every = [one.filename for one in archive.infolist()]
    names = [one for one in every if _is_picture(PurePosixPath(one).name) and not one.startswith(("__", "."))]
    if len(names) > _MOST_PICTURES:
        raise DevbenchError(f"{path}: has more than {_MOST_PICTURES:,} pictures", "Name a zip with fewer.")
    tops = {PurePosixPath(one).parts[0] for one in names}
    around = len(tops) == 1 and all(one.count("/") > 1 for one in names)
    prefix = f"{tops.pop()}/" if around else ""
    return Source(path=path, names=tuple(one.removeprefix(prefix) for one in names), prefix=prefix)


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")
