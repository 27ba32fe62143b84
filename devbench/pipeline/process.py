"""Runs a converter in a process of its own, ended with its group on a time limit; its answer is checked."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from devbench.errors import ModelError
from devbench.pipeline import harness
from devbench.places.here import supervised
from devbench.places.process import LineTooLongError, TimeIsUpError, WorkerProcess
from devbench.plugin.calls import KnownConverter
from devbench.printable import shortened
from devbench.worker.supervisor import SIGNALLED

KILLED = (SIGNALLED + signal.SIGKILL, -signal.SIGKILL)
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # what it computes depends on the processor
    "PYTHONHASHSEED": "0",
}
_MOST_ANSWER_BYTES = 1 << 20
_GRACE_S = 60
_COMPARED_WITHIN_S = 120
_VERSIONS = (
    "import importlib.metadata as m, json, platform, sys\nfound = {}\nfor name in sys.argv[1:]:\n"
    "    try:\n        found[name] = m.version(name)\n    except m.PackageNotFoundError:\n        pass\n"
    "print(json.dumps({'python': platform.python_version(), 'packages': found}))"
)
_ASKED_WITHIN_S = 60
_ALIASES = {"tensorflow": "tensorflow-cpu"}  # the same package under another name


class RefusedError(ModelError):
    """A converter that says why it cannot take this network; another one may."""


class MissingError(ModelError):
    """A converter whose environment is not here."""


@dataclass(frozen=True, kw_only=True)
class Same:
    """How far what was made answers as its source, for how many made-up inputs; note: why they were not compared."""

    inputs: Annotated[int, Field(ge=0)]
    difference: Annotated[float, Field(ge=0)]
    relative: Annotated[float, Field(ge=0)]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Halves:
    """How far apart the ranges are that two halves of the calibration pictures give, over all tensors.

    median, worst: the part of the range that only one half has, from 0 to 1.
    """

    tensors: Annotated[int, Field(ge=1)]
    median: Annotated[float, Field(ge=0, le=1)]
    worst: Annotated[float, Field(ge=0, le=1)]
    worst_tensor: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a conversion cost, what the converter says of it, and what was compared."""

    __pydantic_config__ = ConfigDict(strict=True, allow_inf_nan=False, str_max_length=5000)

    seconds: Annotated[float, Field(ge=0)]
    peak_memory_bytes: Annotated[int, Field(ge=0)]
    network: bool
    same: Same | None = None
    halves: Halves | None = None
    facts: Annotated[dict[str, str], Field(max_length=100)] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An interpreter, and which of the converter's packages it has in which version."""

    __pydantic_config__ = ConfigDict(strict=True, str_max_length=200)

    python: str
    packages: dict[str, str]

    def __str__(self) -> str:
        return (
            ", ".join(f"{name} {version}" for name, version in sorted(self.packages.items())) or f"Python {self.python}"
        )


def environment_of(converter: KnownConverter) -> Environment:
    """What the converter runs with; a `MissingError` says how to have it if it is not here."""
    if converter.own_environment and not converter.python:
        raise MissingError(
            f"the converter {converter.name} needs an environment of its own, and none is named", _hint(converter)
        )
    found = _environment(converter.python or sys.executable, converter.packages)
    if missing := [name for name in converter.packages if name not in found.packages]:
        where = f" in {converter.python}" if converter.python else " here"
        raise MissingError(
            f"the converter {converter.name} needs {' and '.join(missing)}, which is not installed{where}",
            _hint(converter),
        )
    return found


def is_here(converter: KnownConverter) -> bool:
    """Whether it can be run."""
    try:
        environment_of(converter)
    except ModelError:
        return False
    return True


@cache
def _environment(python: str, packages: tuple[str, ...]) -> Environment:
    if python == sys.executable:
        from importlib import metadata
        from platform import python_version

        found = {}
        for name in _asked(packages):
            with suppress(metadata.PackageNotFoundError):
                found[name] = metadata.version(name)
        return Environment(python=python_version(), packages=_named(packages, found))
    if not shutil.which(python):
        hint = "Correct `converters:` in lab.yaml, or make the environment (docs/models.md)."
        raise MissingError(f"{python}: there is no such interpreter", hint)
    try:
        done = subprocess.run(
            [python, "-I", "-c", _VERSIONS, *_asked(packages)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=_ASKED_WITHIN_S, check=True,
        )  # fmt: skip
        answer = TypeAdapter(Environment).validate_json(done.stdout[:_MOST_ANSWER_BYTES])
    except (OSError, subprocess.SubprocessError, ValidationError) as error:
        raise MissingError(f"{python}: this is not an interpreter of Python that works: {error}") from error
    return Environment(python=answer.python, packages=_named(packages, answer.packages))


def _asked(packages: Sequence[str]) -> list[str]:
    return [*packages, *(_ALIASES[name] for name in packages if name in _ALIASES)]


def _named(packages: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    """By the name that was asked for."""
    versions = {name: found.get(name) or found.get(_ALIASES.get(name, "")) for name in packages}
    return {name: version for name, version in versions.items() if version}


def _hint(converter: KnownConverter) -> str:
    from devbench.domain.install import extra_hint

    extra = extra_hint(converter.install.extra) if converter.install.extra else ""
    return " ".join(filter(None, (extra, converter.install.note)))


def convert(converter: KnownConverter, order: Mapping[str, Any], scratch: Path) -> Answer:
    """Have `order` carried out, with temporary files in `scratch`; a `ModelError` says why it was not."""
    told = {**order, "program": str(converter.program), "converter": converter.name}
    who = f"the converter {converter.name}"
    answer = _answer(who, converter.python, told, scratch, converter.limit_s)
    if answer.error:
        raise RefusedError(
            f"{who} cannot convert it: {shortened(answer.error)}",
            "Replace what it names, or give the network in another form: `devbench inspect` lists what is taken.",
        )
    return answer


def compare(source: Path, changed: Path, scratch: Path) -> Same:
    """Whether a file that was only to be fixed still answers exactly as its source; a `ModelError` if it does not."""
    order = {"source": str(source), "out": str(changed)}
    try:
        answer = _answer("the process that compares them", "", order, scratch, _COMPARED_WITHIN_S)
    except ModelError as error:  # who runs the file will say what is wrong with it
        return Same(inputs=0, difference=0, relative=0, note=f"not compared: {shortened(error.message)}")
    if answer.error or answer.same is None:
        raise ModelError(
            f"fix: {shortened(answer.error) or 'nothing was compared'}",
            "This must not happen: tell who wrote devbench. With a batch of 1 in the export, there is nothing to fix.",
        )
    return answer.same


def _answer(who: str, python: str, order: Mapping[str, Any], scratch: Path, limit_s: float) -> Answer:
    """What the harness says to `order`, run by the interpreter `python`; "" is devbench's own."""
    order_file = scratch / "order.json"
    order_file.write_text(json.dumps(order))
    program, mode = (python, "-I") if python else (sys.executable, "-P")
    command = [program, mode, str(Path(harness.__file__).resolve()), str(order_file)]
    environment = {**ENVIRONMENT, "TMPDIR": str(scratch)}
    try:
        work = WorkerProcess(supervised(command, life_s=limit_s + _GRACE_S), environment, scratch)
    except OSError as error:
        raise ModelError(f"{who} cannot be started: {error.strerror or error}") from error
    try:
        work.close_input()
        data = work.read_rest(time.monotonic() + limit_s)
        status = work.exit_status(_GRACE_S)
    except TimeIsUpError:
        raise ModelError(f"{who} was not done within {limit_s:g} s") from None
    except LineTooLongError:
        raise ModelError(f"{who} says too much") from None
    finally:
        work.end()
    if not data.strip():
        tail = f"; the end of what it printed:\n{work.log_tail}" if work.log_tail else ""
        raise ModelError(f"{who} {ending(status)}{tail}", _memory_hint(status))
    try:
        return TypeAdapter(Answer).validate_json(data[:_MOST_ANSWER_BYTES])
    except ValidationError as error:
        raise ModelError(f"{who} gave an invalid answer: {shortened(str(error))}") from error


def ending(status: int | None) -> str:
    """How a program ended that has not said what came of it."""
    if status in KILLED:
        return "was killed by SIGKILL, as the system does when memory runs out"
    return f"ended with exit status {status} and without a result"


def _memory_hint(status: int | None) -> str:
    return "Converting needs several times the memory of the network." if status in KILLED else ""
