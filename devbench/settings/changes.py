"""Makes the changes that places ask for while they are measured, and undoes them whatever happens."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devbench.domain.change import ChangeAt
from devbench.domain.place import Place
from devbench.errors import DevbenchError
from devbench.places.there import command_there
from devbench.settings.guardian import Undo, keeping
from devbench.settings.holding import guarded, lock_machine
from devbench.settings.state import ChangeMade, State, read_state
from devbench.settings.tuning import Tell, restore

_LIMIT_S = 60


@contextmanager
def changed(changes: Sequence[ChangeAt], *, root: Path, state_file: Path, tell: Tell) -> Iterator[None]:
    """Make the changes, in their order, and undo them in the opposite one when the block ends, however it ends.

    state_file: keeps what was changed meanwhile. It is undone by a guardian process if this one is killed, and by
    `tuning.recover` if the guardian was killed as well.
    """
    if not changes:
        yield
        return
    with lock_machine(root, read_state(state_file)) as lock:
        if read_state(state_file):
            raise DevbenchError(f"{state_file}: holds changes that were never undone", "Run `devbench doctor` first.")
        steps = [undo_at(one.place, one.undo) for one in reversed(changes)]
        with guarded(State.of(map(_made, reversed(changes))), state_file, steps, lock) as held:
            try:
                for one in changes:
                    _apply(one, held)
                    tell(f"settle: {one.text}")
                yield
            finally:
                restore(steps, state_file, (held,))
                tell("settle: everything is restored")


def undo_at(place: Place, undo: Sequence[str]) -> Undo:
    """How to run the program `undo` where `place` is."""
    host = place.ssh.host if place.ssh else ""
    return Undo(command=list(command_there(place, undo)), host=host, by_hand=_typed(place, undo))


def _typed(place: Place, command: Sequence[str]) -> str:
    """The command as one would type it here."""
    if place.ssh is None:
        return f"sudo {shlex.join(command).removeprefix('sudo -n ')}"
    config = ["-F", str(place.ssh.config)] if place.ssh.config else []
    return shlex.join(["ssh", *config, place.ssh.host, shlex.join(command)])


def _made(one: ChangeAt) -> ChangeMade:
    return ChangeMade(
        device=one.place.device,
        place=one.place.name,
        host=one.host,
        setting=one.change.setting,
        was=dict(one.change.was),
        text=one.text,
        lasting=one.change.lasting or bool(one.host),  # a boot of this machine resets nothing over there
    )


def _apply(one: ChangeAt, held: int) -> None:
    said = ""
    for command in one.change.apply:
        try:
            done = subprocess.run(
                keeping(command_there(one.place, command), one.host),
                input=one.change.answer,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_LIMIT_S,
                start_new_session=True,  # a Ctrl-C in the terminal is not for it
                pass_fds=(held,),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _refused(one, f"`{_typed(one.place, command)}` did not end within {_LIMIT_S} s") from None
        except OSError as error:
            raise _refused(one, f"`{command[0]}` cannot be started: {error.strerror}") from error
        said += done.stdout
        if why := one.change.refused(said):
            raise _refused(one, why)
        if done.returncode:
            raise _refused(one, f"`{_typed(one.place, command)}` says: {' '.join(done.stdout.split())[-300:]}")


def _refused(one: ChangeAt, why: str) -> DevbenchError:
    return DevbenchError(
        f"settle: {one.text}: not possible: {why}",
        "Nothing stays changed. Do it by hand, or leave it out of lab.yaml.",
    )
