"""Takes the worker and its files to another machine: only those that its cache lacks, known by their sha256."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from devbench.domain.place import Ssh
from devbench.errors import RoundError
from devbench.files import sha256_of
from devbench.places.answers import RECEIVING, STORING, InvalidAnswerError, Message, Refused
from devbench.places.program_text import program_text
from devbench.places.talk import Talk

ANSWER_LIMIT_S = 60.0  # connecting may take 15 s of it; the rest is a slow board's Python and its disk
_CHUNK_BYTES = 1 << 18
_LONGEST_NAME = 60
T = TypeVar("T", bound=Message)
_SILENT = "Is the machine overloaded, its disk failing, or the network down?"


def receiver_source() -> bytes:
    """The program that receives; `remote_python` starts a Python that reads exactly so many bytes of it."""
    return program_text("supervisor", "receiver", then="sys.exit(module.main(sys.stdin.buffer))")


def ship(
    talk: Talk,
    ssh: Ssh,
    files: Sequence[Path],
    known: Mapping[Path, str],
    *,
    runtime: str,
    life_s: float,
    on_phase: Callable[[str], None],
) -> dict[Path, str]:
    """Have `files`, the worker's archive first, and then the worker itself started; their paths over there.

    known: sha256 of those that have been hashed before. life_s: after that the worker is ended, come what may:
    a machine whose network is gone does not notice that nobody waits any more.
    """
    specs = [_spec(file, known) for file in files]
    talk.send_bytes(receiver_source())
    talk.send(
        {
            "cache": ssh.cache,
            "limit_bytes": ssh.cache_mib << 20,
            "files": specs,
            "runtime": runtime,
            "life_s": life_s,
        }
    )
    missing = _answer(talk, RECEIVING, skip_chatter=True).files
    if missing != sorted(set(missing) & set(range(len(files)))):
        raise talk.invalid(InvalidAnswerError("the worker's answer is not valid: missing.files: not among those named"))
    talk.phase = "copy"
    if missing:
        on_phase("copy")
    for index in missing:
        _send_file(talk, files[index], specs[index]["size"])
    paths = _answer(talk, STORING).paths
    if len(paths) != len(files):
        raise talk.invalid(InvalidAnswerError("the worker's answer is not valid: stored.paths: not one for each file"))
    talk.phase = "start"
    return dict(zip(files, paths, strict=True))


def _spec(file: Path, known: Mapping[Path, str]) -> dict[str, Any]:
    try:
        sha256, size = known.get(file) or sha256_of(file), file.stat().st_size
    except OSError as error:
        raise _unreadable(file, error) from error
    name = re.sub(r"[^A-Za-z0-9._-]", "_", file.name)[-_LONGEST_NAME:]
    return {"name": f"{sha256}-{name}", "sha256": sha256, "size": size}


def _send_file(talk: Talk, file: Path, size: int) -> None:
    """Send exactly `size` bytes: the other side counts on them, whatever becomes of the file meanwhile."""
    left = size
    try:
        with file.open("rb") as source:
            while left and (data := source.read(min(left, _CHUNK_BYTES))):
                talk.send_bytes(data)
                left -= len(data)
    except OSError as error:
        raise _unreadable(file, error) from error
    if left:
        raise RoundError(f"{file}: became shorter while it was copied", "Start a new run.", phase="copy")


def _answer(talk: Talk, expected: TypeAdapter[T | Refused], *, skip_chatter: bool = False) -> T:
    too_late = f"no answer within {ANSWER_LIMIT_S:g} s"
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    answer = talk.receive(expected, deadline_s, too_late, _SILENT, skip_chatter=skip_chatter)
    if isinstance(answer, Refused):
        raise talk.error(answer.error, answer.hint)
    return answer


def _unreadable(file: Path, error: OSError) -> RoundError:
    return RoundError(f"{file}: cannot be read: {error.strerror}", phase="copy")
