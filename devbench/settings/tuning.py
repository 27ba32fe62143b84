"""Sets this machine's clocks for measuring, and restores them whatever happens."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from devbench.domain.check import Check
from devbench.errors import DevbenchError
from devbench.settings.clock_settings import Setting, Tuning, entry_of, find_tuning, kept
from devbench.settings.guardian import FileEntry, Undo, by_hand, by_root, put_back, read_value, subject, write_value
from devbench.settings.holding import MachineTakenError, guarded, lock_machine
from devbench.settings.state import ChangeMade, FileBefore, State, forget, read_state

Tell = Callable[[str], None]
UndoOf = Callable[[ChangeMade], Undo]


@contextmanager
def tuned(root: Path, state_file: Path, *, pin_frequency: bool = False, tell: Tell) -> Iterator[Tuning]:
    """Change the settings while the block runs.

    state_file: keeps the former values while they are changed. They are restored when the block ends, however it
    ends; by a guardian process if this one is killed; and by `recover` if the guardian was killed as well.
    """
    with lock_machine(root, read_state(state_file)) as lock:
        if other := read_state(state_file):
            raise DevbenchError(
                f"{state_file}: holds settings of {other.machine} that were never restored",
                "Run `devbench doctor` there first, or set DEVBENCH_CACHE to another folder.",
            )
        tuning = find_tuning(root, pin_frequency=pin_frequency)
        _refuse_without_permission(tuning)
        if not tuning.changes:
            tell("nothing to change: every setting is right already")
            yield tuning
            return
        entries = [FileEntry(file=str(one.file), before=one.before) for one in tuning.settings]
        with guarded(State.of(kept(one, root) for one in tuning.settings), state_file, entries, lock):
            try:
                _apply(tuning)
                for line in tuning.lines("{name} of {cpus}: {before} → {wanted}"):
                    tell(line)
                yield tuning
            finally:
                restore(entries, state_file)
            for line in tuning.lines("{name} of {cpus}: restored to {before}"):
                tell(line)


def recover(root: Path, state_file: Path, undo_of: UndoOf, tell: Tell) -> Check | None:
    """Restore what a killed devbench left together with its guardian; a check where that is not possible.

    The file says only what was changed. undo_of: knows the program that undoes a change, or a `DevbenchError`.
    """
    try:
        state = read_state(state_file)
        if state is None or state.elsewhere:
            return None
        if state.of_another_boot:
            state = replace(state, settings=tuple(filter(_outlives_a_boot, state.settings)))
        if not state.settings:
            forget(state_file)
            tell(f"process {state.pid} left changed settings, but this machine has restarted since: nothing to do")
            return None
        with lock_machine(root, state):
            if not state_file.exists():  # the guardian was still at work when it was read
                return None
            tell(f"process {state.pid}, which had changed settings, is gone")
            steps = [entry_of(one, root) if isinstance(one, FileBefore) else undo_of(one) for one in state.settings]
            restore(steps, state_file)
            tell(f"restored all {len(steps)} settings that it had left")
    except MachineTakenError:
        return None
    except DevbenchError as error:
        return Check(name="left settings", good=False, text=error.message, hint=error.hint)
    return None


def _outlives_a_boot(one: FileBefore | ChangeMade) -> bool:
    return isinstance(one, ChangeMade) and one.lasting


def _refuse_without_permission(tuning: Tuning) -> None:
    for setting in tuning.changes:
        if not os.access(setting.file, os.W_OK, effective_ids=True):
            raise DevbenchError(
                f"{setting.file}: you may not write it, so nothing was changed",
                f"Type: sudo -H {_doctor()} --tune (it holds the settings until Ctrl-C), "
                "and measure in another terminal, without sudo.",
            )


def _apply(tuning: Tuning) -> None:
    for setting in tuning.changes:
        assert setting.wanted is not None
        try:
            write_value(str(setting.file), setting.wanted)
            if read_value(str(setting.file)) == setting.before:  # compared so, as drivers may round a clock
                raise _refused(setting, f"it still says {setting.before}")
        except OSError as error:
            raise _refused(setting, error.strerror or str(error)) from error


def _refused(setting: Setting, why: str) -> DevbenchError:
    return DevbenchError(
        f"{setting.file}: does not take {setting.wanted}: {why}; what was changed before it is restored",
        f"See what this machine says to it: echo {setting.wanted} | sudo tee {setting.file}",
    )


def restore(steps: Sequence[FileEntry | Undo], state_file: Path, hold: tuple[int, ...] = ()) -> None:
    """Put everything back and forget it; what cannot be restored stays in the state file, for the next time."""
    failed = put_back(steps, hold)
    if failed:
        what = "; ".join(f"{subject(entry)}: {why}" for entry, why in failed)
        how = "; ".join(by_hand(entry) for entry, _ in failed)
        sudo = "sudo -H " if any(by_root(entry) for entry, _ in failed) else ""
        raise DevbenchError(f"cannot restore: {what}", f"Type: {sudo}{_doctor()}; or: {how}")
    forget(state_file)


def _doctor() -> str:
    """-P: as root, no module is taken from the folder in which it is typed."""
    return f"{shlex.quote(sys.executable)} -P -m devbench doctor"
