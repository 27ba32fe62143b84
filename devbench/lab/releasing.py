"""Gives back boards that labgrid has lent to a night that is gone; standard library only.

This file is also a program: the guardian of a night. It waits on a pipe, and outlives the night that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict, final

READY = b"ready\n"
SUFFIX = ".labgrid.json"
HANGS = "did not end within"
NOT_TRIED = "not tried, since labgrid's coordinator does not answer"
LIMIT_S = 30.0  # labgrid-client gives up after 20 s where the coordinator does not answer


@final
class Note(TypedDict):
    """A board that a night has, or waits for. host, user: the name it has with labgrid, unique for each board.

    machine: on which the night runs. A folder of notes may be shared by several.
    """

    place: str
    host: str
    user: str
    coordinator: str
    machine: str


@final
class Answer(TypedDict):
    """How labgrid-client has ended, and all that it said."""

    status: int
    text: str


def ask(
    program: str, words: Sequence[str], *, host: str, user: str, coordinator: str, limit_s: float = LIMIT_S
) -> Answer:
    """Run `labgrid-client WORDS` under the name host/user. Status 124: it took too long. Raises OSError."""
    process = subprocess.Popen(
        [*_politely(), program, *words],
        env=environment(host, user, coordinator),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a Ctrl-C in the terminal is not for it
    )
    try:
        said, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        end_group(process)
        return Answer(status=124, text=f"labgrid-client {HANGS} {limit_s:g} s")
    except BaseException:
        end_group(process)
        raise
    return Answer(status=process.returncode, text=said.decode(errors="replace"))


def environment(host: str, user: str, coordinator: str) -> dict[str, str]:
    """What labgrid-client is to see: who we are, and nothing of a place or a configuration of the user's shell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LG_") or name == "LG_PROXY"}
    kept |= {"LG_HOSTNAME": host, "LG_USERNAME": user, "PYTHONUNBUFFERED": "1"}
    return kept | ({"LG_COORDINATOR": coordinator} if coordinator else {})


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a group, with all that it has started, and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def give_back(note: Note, program: str, *, waited: bool = True) -> str:
    """Release the board if this note's user has it, and end what that user waits for; why that failed, or "".

    A board that somebody else has by now stays theirs: labgrid compares the name in one step.
    waited: False where that user is known to have no reservation.
    """

    def answer(*words: str) -> Answer:
        return ask(program, words, host=note["host"], user=note["user"], coordinator=note["coordinator"])

    name = f"{note['host']}/{note['user']}"
    try:
        done = answer(f"--place={note['place']}", "release-from", name)
        if done["status"] and not any(text in done["text"] for text in ("is not acquired", "matches nothing")):
            return last_line(done["text"])
        if not waited:
            return ""
        listed = answer("reservations")
        if listed["status"]:
            return last_line(listed["text"])
        for token in tokens_of(listed["text"], name):
            answer("cancel-reservation", token)  # it may have expired by now
    except OSError as error:
        return f"{program} cannot be started: {error.strerror}"
    return ""


def tokens_of(listed: str, owner: str = "") -> list[str]:
    """The tokens of this owner's reservations in what `labgrid-client reservations` says; all for ""."""
    found, current = [], ""
    for line in listed.splitlines():
        if line.startswith("  owner: "):
            current = line.removeprefix("  owner: ")
        elif line.startswith("  token: ") and owner in ("", current):
            found.append(line.removeprefix("  token: "))
    return found


def last_line(text: str) -> str:
    """The end of what a program has said: a traceback has its message there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else "it said nothing"


def is_note(data: object) -> bool:
    """Whether `data`, from a file, is a note."""
    if not isinstance(data, Mapping) or set(data) != set(Note.__annotations__):
        return False
    return all(isinstance(one, str) and one.isprintable() and not one.startswith("-") for one in data.values())


def give_back_all(folder: Path, pattern: str, program: str, machine: str) -> list[tuple[Note, str]]:
    """Give back what the notes in `folder` name that match `pattern`; each with "" or why it failed.

    The note of what is given back is removed. A damaged note, or one of another machine, is passed over.
    """
    found: list[tuple[Note, str]] = []
    hangs = False  # each of two hundred boards would wait for half a minute
    for path in sorted(folder.glob(pattern)):
        try:
            note = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if is_note(note) and note["machine"] == machine:
            why = NOT_TRIED if hangs else give_back(note, program)
            hangs = hangs or HANGS in why
            if not why:
                path.unlink(missing_ok=True)
            found.append((note, why))
    return found


def _politely() -> list[str]:
    """Each call takes a third of a second of a core, and another place may be in its timed loop."""
    nice = shutil.which("nice")
    return [nice, "-n", "19"] if nice else []


def main() -> None:
    """Read what to do, wait until the pipe closes, and give back what notes are still there."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):  # such as systemd sends to all of a unit
        signal.signal(number, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return
    task = json.loads(line)
    with contextlib.suppress(BrokenPipeError):
        os.write(1, READY)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdin.buffer.read()
    for note, why in give_back_all(Path(task["folder"]), task["pattern"], task["program"], task["machine"]):
        said = f"could not be released: {why}" if why else "is released: devbench was ended"
        plain = "".join(one if one.isprintable() else "?" for one in f"labgrid: {note['place']} {said}")
        with contextlib.suppress(OSError):
            os.write(2, f"{plain}\n".encode(errors="replace"))


if __name__ == "__main__":
    main()
