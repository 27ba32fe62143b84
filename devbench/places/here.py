"""Starts a program on this machine, below supervisors that leave nothing of it behind when this process is gone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from devbench.domain.place import Place
from devbench.errors import RoundError
from devbench.places.process import WorkerProcess
from devbench.places.talk import Talk
from devbench.worker import supervisor

# Without `site`, which takes longer than all that a supervisor does; as a module, which is compiled only once.
_START = f"import sys; sys.path.append({str(Path(supervisor.__file__).parent)!a}); import supervisor; supervisor.main()"


def supervised(
    command: Sequence[str], *, life_s: float, grace_s: float = 0.0, ends_with_input: bool = False
) -> list[str]:
    """A command that runs `command`, and ends it with all that it has started when this process is gone, or `life_s`.

    Its stdout must be a pipe to this process. If a signal ends it, the exit status is 128 and the number of the signal.
    ends_with_input: whether the end of its input says, too, that this process is gone. grace_s: how long it then has.
    """
    lines = "01" if ends_with_input else "1"
    return [sys.executable, "-I", "-S", "-c", _START, f"{life_s:g}", f"{grace_s:g}", lines, *command]


def talk_here(
    place: Place,
    command: Sequence[str],
    phase: str,
    *,
    life_s: float,
    grace_s: float = 0.0,
    ends_with_input: bool = True,
) -> Talk:
    """A conversation with `command`, which is `supervised`."""
    if why := _why_not_startable(command[0]):
        raise _cannot_start(place, command[0], why)
    try:
        above = supervised(command, life_s=life_s, grace_s=grace_s, ends_with_input=ends_with_input)
        return Talk(WorkerProcess(above), phase, lambda *_: None)
    except OSError as error:
        raise _cannot_start(place, sys.executable, error.strerror or str(error)) from error


def _why_not_startable(program: str) -> str:
    """Why it cannot be, as far as can be seen beforehand; "" if it can."""
    if shutil.which(program):
        return ""
    return "Permission denied" if Path(program).exists() else "No such file or directory"


def _cannot_start(place: Place, program: str, why: str) -> RoundError:
    return RoundError(
        f"{place.title}: cannot start {program}: {why}",
        "Name an interpreter that exists with `python:` in lab.yaml.",
        phase="start",
    )
