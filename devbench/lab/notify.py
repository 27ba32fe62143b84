"""Tells of a night whom lab.yaml names. What does not work becomes a note: it costs no measurement."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devbench.domain.night import Night
from devbench.domain.notice import Notice
from devbench.files import make_folder, write_whole
from devbench.printable import one_line

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
MOST_SUMMARY_BYTES = 1 << 20  # of a step; a larger one is dropped whole
CUT = "\n\n*The rest is left out: GitHub takes no more than 1 MiB. The morning page and night.json have all of it.*\n"

_KEPT_BYTES = 2000  # of what a command says
_READING_ENDS_WITHIN_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Renderers:
    """What makes of a night the text for each kind of notice. Rooms above this one know how."""

    junit: Callable[[Night], str]
    summary: Callable[[Night], str]
    annotations: Callable[[Night], Sequence[str]]
    prometheus: Callable[[Night], str]
    page: Callable[[Night], str]
    payload: Callable[[Night], str]


def notify(
    night: Night,
    notices: Sequence[Notice],
    renderers: Renderers,
    *,
    say: Callable[[str], None],
    environment: Mapping[str, str] = os.environ,
) -> tuple[str, ...]:
    """Do all that `notices` ask for, in their order; a note for each that did not work. It may be done again.

    say: writes a line to stdout, where GitHub reads annotations.
    """
    notes = []
    for one in notices:
        try:
            why = _tell(night, one, renderers, say, environment)
        except OSError as error:
            where = error.filename if isinstance(error.filename, str) else ""
            why = f"{where}: {error.strerror or error}" if where else f"{error.strerror or error}"
        except Exception as error:  # noqa: BLE001 - a night that is measured must not be lost by a page of it
            why = f"{type(error).__name__}: {error}"
        if why:
            notes.append(f"notify {named(one)}: {one_line(why)}")
    return tuple(notes)


def named(notice: Notice) -> str:
    """What a message calls it: `junit`, `command ./tell-team`."""
    return f"{notice.kind} {notice.command[0]}" if notice.command else notice.kind


def _tell(
    night: Night, notice: Notice, renderers: Renderers, say: Callable[[str], None], environment: Mapping[str, str]
) -> str:
    """Why it did not work; "" if it did. Raises whatever a renderer or the disk raises."""
    if notice.kind == "command":
        return _run(notice, renderers.payload(night).encode())
    if notice.kind == "github":
        for line in renderers.annotations(night):
            say(line)
        return _append_summary(renderers.summary(night), environment.get(SUMMARY_VARIABLE, ""))
    text = getattr(renderers, notice.kind)(night)
    assert notice.path
    path = Path(str(notice.path).replace("{id}", night.id))
    make_folder(path.parent)
    write_whole(path, text.encode(errors="replace"))
    return ""


def _append_summary(text: str, path: str) -> str:
    """Append to what earlier commands of the same step have written, within the limit for all of it."""
    if not path:
        return f"this is not a step of a GitHub workflow: {SUMMARY_VARIABLE} is not set"
    with contextlib.suppress(FileNotFoundError):
        if (there := Path(path).stat().st_size) > MOST_SUMMARY_BYTES - len(CUT.encode()):
            return f"there is no room left in the summary of this step: it has {there:,} bytes already"
    with open(path, "ab") as file:  # noqa: PTH123
        file.write(within(text, MOST_SUMMARY_BYTES - file.tell()).encode(errors="replace"))
    return ""


def within(text: str, most_bytes: int) -> str:
    """No more than so many bytes of `text`, cut at the end of a line, and with a note if it was cut."""
    data = text.encode(errors="replace")
    if len(data) <= most_bytes:
        return text
    kept = data[: max(most_bytes - len(CUT.encode()), 0)]
    return kept[: kept.rfind(b"\n") + 1].decode(errors="ignore") + CUT


def _run(notice: Notice, data: bytes) -> str:
    """Run the command with `data` on its stdin. It ends by itself, or is ended with all it has started."""
    read, write = os.pipe()
    try:
        process = subprocess.Popen(
            notice.command,
            stdin=subprocess.PIPE,
            stdout=write,
            stderr=write,
            start_new_session=True,  # so that all of it can be ended
        )
    except OSError as error:
        os.close(read)
        return f"cannot be started: {error.strerror}"
    finally:
        os.close(write)
    assert process.stdin
    said = bytearray()
    reader = threading.Thread(target=_keep_end, args=(read, said), daemon=True)
    feeder = threading.Thread(target=_feed, args=(process.stdin, data), daemon=True)
    reader.start()
    feeder.start()
    try:
        process.wait(notice.limit_s)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"did not end within {notice.limit_s:g} s, and was ended{_end_of(said)}"
    except BaseException:
        _end(process)
        raise
    reader.join(_READING_ENDS_WITHIN_S)  # what it has left running may keep the pipe open
    if process.returncode == 0:
        return ""
    how = f"signal {-process.returncode}" if process.returncode < 0 else f"exit status {process.returncode}"
    return f"{how}{_end_of(said)}"


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _feed(stdin: IO[bytes], data: bytes) -> None:
    """A command need not read what it gets."""
    with contextlib.suppress(OSError):
        stdin.write(data)
    with contextlib.suppress(OSError):
        stdin.close()


def _keep_end(descriptor: int, kept: bytearray) -> None:
    """Read to the end of the pipe, and keep the last of it."""
    with open(descriptor, "rb", buffering=0) as file:
        while piece := file.read(1 << 16):
            kept += piece
            del kept[:-_KEPT_BYTES]


def _end_of(said: bytearray) -> str:
    text = " ".join(bytes(said).decode(errors="replace").split())
    return f": {text[-300:].strip()}" if text else ""
