"""What the files of a run answered to its pictures, as files of the run folder; checked when they are read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from devbench.domain.accuracy import Answers, PictureList
from devbench.domain.run import Run
from devbench.errors import DamagedError, RecordError
from devbench.files import read_regular
from devbench.store.checked import ANSWERS
from devbench.store.folder import RunFolder

_ANSWERS: TypeAdapter[Answers] = TypeAdapter(Answers)
_PICTURES: TypeAdapter[PictureList] = TypeAdapter(PictureList)
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
    return replace(run, files={**run.files, **sums})


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
