"""Makes the changes that places ask for while they are measured, and undoes them whatever happens."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devbench.domain.change import Change
from devbench.errors import DevbenchError
from devbench.settings.guardian import Undo, keeping, typed
from devbench.settings.state import State, guarded, lock_machine, read_state
from devbench.settings.tuning import Tell, restore

_LIMIT_S = 60


@contextmanager
def changed(changes: Sequence[Change], *, root: Path, state_file: Path, tell: Tell) -> Iterator[None]:
    """Make the changes, in their order, and undo them in the opposite one when the block ends, however it ends.

    state_file: keeps how to undo them meanwhile; by a guardian process if this one is killed, and by
    `tuning.recover` if the guardian was killed as well.
    """
    if not changes:
        yield
        return
    with lock_machine(root, read_state(state_file)) as lock:
        if read_state(state_file):
            raise DevbenchError(f"{state_file}: holds changes that were never undone", "Run `devbench doctor` first.")
        undo = [Undo(command=list(one.undo), lasting=one.lasting) for one in reversed(changes)]
        state = State.of(root, state_file, undo)
        with guarded(state, lock) as held:
            try:
                for change in changes:
                    _apply(change, held)
                    tell(f"settle: {change.text}")
                yield
            finally:
                restore(state, (held,))
                tell("settle: all is put back")


def _apply(change: Change, held: int) -> None:
    said = ""
    for command in change.apply:
        try:
            done = subprocess.run(
                keeping(command),
                input=change.answer,
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
            raise _refused(change, f"`{typed(command)}` did not end within {_LIMIT_S} s") from None
        except OSError as error:
            raise _refused(change, f"`{command[0]}` cannot be started: {error.strerror}") from error
        said += done.stdout
        if why := change.refused(said):
            raise _refused(change, why)
        if done.returncode:
            raise _refused(change, f"`{typed(command)}` says: {' '.join(done.stdout.split())[-300:]}")


def _refused(change: Change, why: str) -> DevbenchError:
    return DevbenchError(
        f"settle: {change.text}: not possible: {why}",
        "Nothing stays changed. Do it by hand, or leave it out of lab.yaml.",
    )
