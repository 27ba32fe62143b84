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


def talk_here(
    place: Place,
    command: Sequence[str],
    phase: str,
    *,
    life_s: float,
    grace_s: float = 0.0,
    ends_with_input: bool = True,
) -> Talk:
    """A conversation with `command`, which is ended after `life_s`, and `grace_s` after this process is gone.

    ends_with_input: whether the end of its input says that this process is gone.
    """
    lines = "01" if ends_with_input else "1"
    above = [sys.executable, "-I", "-S", "-c", _START, f"{life_s:g}", f"{grace_s:g}", lines]
    if why := _why_not_startable(command[0]):
        raise _cannot_start(place, command[0], why)
    try:
        return Talk(WorkerProcess([*above, *command]), phase, lambda *_: None)
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
