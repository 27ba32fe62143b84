"""Measures one run of a night for another machine: a job of the cluster starts it, and says what to do on its stdin.

It ends with the process that started it, and with all that it has started itself: the job may go to another machine.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Task:
    """What to measure. The paths are those of all machines. until_utc: when to end; "" for when all is measured."""

    lab: str
    request: dict[str, object]
    name: str
    folder: str
    group: str
    until_utc: str


def main(parent: int) -> None:
    """Do the task, and print a JSON object: empty, or with `error` and `hint`, or `nothing` to measure."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is for the log of the dask worker
    found: dict[str, str] = {}
    from devbench.errors import DevbenchError, NothingMeasuredError

    try:
        _measure(sys.stdin.read())
    except NothingMeasuredError as error:
        found = {"nothing": error.message}
    except DevbenchError as error:
        found = {"error": error.message, "hint": error.hint}
    except KeyboardInterrupt:
        found = {"error": "interrupted: the night was ended"}
    except Exception as error:  # noqa: BLE001 - whoever waits for the answer must get one
        found = {"error": f"{type(error).__name__}: {error}"}
    with suppress(BrokenPipeError), answer:
        answer.write(json.dumps(found) + "\n")


def _measure(text: str) -> None:
    from pydantic import TypeAdapter

    from devbench.cli.interrupts import interruptible
    from devbench.cli.lab_night import open_laboratory
    from devbench.clock import utc_now
    from devbench.domain.run import Request

    task = TypeAdapter(Task).validate_json(text)
    request = TypeAdapter(Request).validate_python(task.request)
    os.environ["DEVBENCH_LAB"] = task.lab
    os.chdir(Path(task.lab).parent)
    until = datetime.fromisoformat(task.until_utc) if task.until_utc else None

    def left_s() -> float:
        return (until - utc_now()).total_seconds() if until else float("inf")

    with interruptible():
        laboratory = open_laboratory(lambda line: print(line, file=sys.stderr, flush=True))
        laboratory.measure(request, task.name, Path(task.folder), group=task.group, until_end_s=left_s)


if __name__ == "__main__":
    main(int(sys.argv[1]))
