"""What the files of a run answered to its pictures, as files of the run folder; checked when they are read."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from devbench.domain.accuracy import Answers, PictureList
from devbench.domain.run import Run
from devbench.errors import DamagedError, RecordError
from devbench.files import read_regular
from devbench.store.checked import ANSWER_PARTS, ANSWERS
from devbench.store.folder import RunFolder


@dataclass(frozen=True)
class Part:
    """The answers to the first pictures of a list, as far as there are any."""

    pictures: PictureList
    answers: Answers

    @property
    def names(self) -> frozenset[str]:
        """Of the pictures."""
        return frozenset(one.name for one in self.pictures.pictures)


_ANSWERS: TypeAdapter[Answers] = TypeAdapter(Answers)
_PICTURES: TypeAdapter[PictureList] = TypeAdapter(PictureList)
_PARTS: TypeAdapter[Part] = TypeAdapter(Part)
_LARGEST_BYTES = 1 << 30


def add_answers(folder: RunFolder, run: Run, name: str, pictures: PictureList, answers: Answers) -> Run:
    """Save answers as the file `name`, and their pictures, which others may have been asked too; the run with both."""
    listing = _dumped(_PICTURES, pictures, name)
    digest = hashlib.sha256(listing).hexdigest()
    list_file = f"{ANSWERS}/pictures-{digest[:12]}.json"
    told = _dumped(_ANSWERS, replace(answers, list_file=list_file), name)
    folder.write(list_file, listing)  # the same bytes for all who were asked the same, and whole again if damaged
    folder.write(name, told)
    sums = {list_file: digest, name: hashlib.sha256(told).hexdigest()}
    return replace(run, files={**without_parts(run, name).files, **sums})


def add_part(folder: RunFolder, run: Run, name: str, part: Part) -> Run:
    """Save what there is so far of the file `name`, under a name of its own; the run that names it and no older one."""
    told = _dumped(_PARTS, part, name)
    file = f"{ANSWER_PARTS}/{len(part.names)}-{Path(name).name}"
    folder.write(file, told)
    return replace(run, files={**without_parts(run, name).files, file: hashlib.sha256(told).hexdigest()})


def read_part(folder: RunFolder, run: Run, name: str) -> Part | None:
    """What there was of the file `name` when the run was killed; None if nothing, or if it is damaged."""
    for file in parts_of(run, name):
        with suppress(DamagedError):
            part: Part = _read(_PARTS, folder.files.path(run, file))
            if len(part.pictures.pictures) == len(part.answers.classes) == len(part.answers.scores):
                return part
    return None


def parts_of(run: Run, name: str = "") -> list[str]:
    """The files with what there is so far of the file `name`, or of all."""
    parts = [one for one in run.files if one.startswith(f"{ANSWER_PARTS}/")]
    return [one for one in parts if not name or one.partition("-")[2] == Path(name).name]


def without_parts(run: Run, name: str = "") -> Run:
    """The run, which does not name these files."""
    parts = parts_of(run, name)
    return replace(run, files={one: sha256 for one, sha256 in run.files.items() if one not in parts})


def read_answers(folder: RunFolder, run: Run, name: str) -> tuple[PictureList, Answers] | None:
    """The answers in the file `name`; None where there is none. A `DamagedError` where files are not as written."""
    if name not in run.files:
        return None
    answers = _read(_ANSWERS, folder.files.path(run, name))
    pictures = _read(_PICTURES, folder.files.path(run, answers.list_file))
    if not len(pictures.pictures) == len(answers.classes) == len(answers.scores):
        raise DamagedError(f"{folder.path / name}: has not one answer for each picture")
    return pictures, answers


def _dumped(adapter: TypeAdapter[Any], value: Any, name: str) -> bytes:
    try:
        text = adapter.dump_json(value) + b"\n"
        adapter.validate_json(text)
    except ValueError as error:
        raise RecordError(f"{name}: the answers cannot be kept: {error}") from error
    return text


def _read(adapter: TypeAdapter[Any], path: Path) -> Any:
    try:
        return adapter.validate_json(read_regular(path, _LARGEST_BYTES))
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise DamagedError(f"{path}: not a file of answers: {error.errors(include_url=False)[0]['msg']}") from error
