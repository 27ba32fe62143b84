"""Getting a place back in steps: a new connection, a reboot, a power cycle; the last two only as lab.yaml says."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devbench.clock import stamp
from devbench.domain.lab import Recovery, Upkeep
from devbench.domain.night import RecoveryStep
from devbench.domain.place import Place, Ssh
from devbench.errors import DevbenchError, RoundError
from devbench.places.process import LineTooLongError, TimeIsUpError, WorkerProcess
from devbench.places.ssh import ssh_command, why_ssh_ended

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ANSWER_LIMIT_S = 30.0
_CONNECTS_WITHIN_S = 30.0  # a place that is well, over a new connection
_COMMAND_LIMIT_S = 120.0
_POLL_S = 2.0
_OFF_S = 3.0
_FOUND_S = 5.0  # until this machine has found a stick that has power again


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How a place can be brought back. by_labgrid: switches its power; None where labgrid has no part in it."""

    upkeep: Upkeep
    recovery: Recovery
    folder: Path
    by_labgrid: Callable[[], None] | None = None
    forget: Callable[[Place], None] = lambda _: None


def recovery_steps(
    place: Place, ways: Ways, before: Sequence[RecoveryStep], *, reached: bool
) -> Iterator[RecoveryStep]:
    """Try one step after the other, and give what came of each; who asks for the next one found the place still bad.

    before: what was done this night already, which counts against the budget. reached: whether the place answers.
    """
    boot = _boot_or_empty(place)
    if place.ssh and not reached:
        yield _step("connection", place, ways, boot, lambda: _hang_up(place.ssh), limit_s=_CONNECTS_WITHIN_S)
    used = [one.what for one in before]
    if place.ssh and ways.upkeep.reboot and used.count("reboot") < ways.recovery.reboots:
        yield _step("reboot", place, ways, boot, lambda: _reboot(place, ways.upkeep.reboot), new_boot=True)
    if ways.upkeep.has_power and used.count("power cycle") < ways.recovery.power_cycles:
        yield _step("power cycle", place, ways, boot, lambda: _power_cycle(place, ways), new_boot=place.ssh is not None)


def boot_id(place: Place) -> str:
    """Which start of its machine this is. A `RoundError` if it does not answer."""
    if place.ssh is None:
        return _BOOT_ID.read_text().strip()
    return _said(place, place.ssh, f"cat {_BOOT_ID}", _ANSWER_LIMIT_S)


def _step(
    what: str,
    place: Place,
    ways: Ways,
    boot: str,
    deed: Callable[[], None],
    *,
    new_boot: bool = False,
    limit_s: float = 0,
) -> RecoveryStep:
    at_utc, why, after = stamp(), "", ""
    try:
        deed()
        ways.forget(place)
        after = _wait_for(place, limit_s or ways.recovery.wait_s, boot if new_boot else "")
    except DevbenchError as error:
        why = error.message
    return RecoveryStep(at_utc=at_utc, what=what, worked=not why, why=why, boot_before=boot, boot_after=after)


def _wait_for(place: Place, limit_s: float, old_boot: str) -> str:
    """The boot id of the place as soon as it answers, and is another than `old_boot`."""
    deadline_s = time.monotonic() + limit_s
    while True:
        why = "it did not start anew"
        try:
            found = boot_id(place)
            if not old_boot or found != old_boot:
                return found
        except RoundError as error:
            why = error.message
        if time.monotonic() > deadline_s:
            raise RoundError(f"not back after {limit_s:g} s: {why}", phase="connect")
        time.sleep(_POLL_S)


def _boot_or_empty(place: Place) -> str:
    try:
        return boot_id(place)
    except (RoundError, OSError):
        return ""


def _said(place: Place, ssh: Ssh, command: str, limit_s: float) -> str:
    """What a command prints over there. A `RoundError` if it fails."""
    try:
        process = WorkerProcess(ssh_command(ssh, command))
    except OSError as error:
        raise RoundError(f"{place.title}: cannot start ssh: {error.strerror}", phase="connect") from error
    try:
        process.close_input()
        said = process.read_rest(time.monotonic() + limit_s).decode(errors="replace").strip()
        status = process.exit_status(_ANSWER_LIMIT_S)
    except (TimeIsUpError, LineTooLongError):
        raise RoundError(f"{ssh.host} did not answer within {limit_s:g} s", phase="connect") from None
    finally:
        process.end()
    if status:
        ending = why_ssh_ended(ssh, "sh", status, "connect", process.log_tail)
        raise RoundError(ending.message if ending else f"exit status {status}", phase="connect")
    return said.splitlines()[-1] if said else ""


def _hang_up(ssh: Ssh | None) -> None:
    """Close the shared connection: the next one is a new one."""
    if ssh:
        program, *rest = ssh_command(ssh, "")[:-1]
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run([program, "-O", "exit", *rest], capture_output=True, timeout=_ANSWER_LIMIT_S, check=False)


def _reboot(place: Place, command: str) -> None:
    """Its connection ends with it, so how the command ended says nothing."""
    assert place.ssh
    with suppress(RoundError):
        _said(place, place.ssh, command, _ANSWER_LIMIT_S)
    _hang_up(place.ssh)


def _power_cycle(place: Place, ways: Ways) -> None:
    if ways.upkeep.power_by_labgrid:
        if ways.by_labgrid is None:
            raise DevbenchError("labgrid is to switch its power, and it is not reserved there")
        ways.by_labgrid()
    else:
        _run(ways.upkeep.power_off, ways.folder)
        time.sleep(_OFF_S)
        _run(ways.upkeep.power_on, ways.folder)
    if place.ssh is None:
        time.sleep(_FOUND_S)


def _run(command: Sequence[str], folder: Path) -> None:
    """One of the two commands of `power`. A `DevbenchError` if it fails."""
    shown = shlex.join(command)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_LIMIT_S,
            start_new_session=True,  # a Ctrl-C in the terminal must not leave a board without power
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DevbenchError(f"power: `{shown}` did not end within {_COMMAND_LIMIT_S:g} s") from None
    except OSError as error:
        raise DevbenchError(f"power: `{shown}` cannot be started: {error.strerror}") from error
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).decode(errors="replace").split())[-200:]
        raise DevbenchError(f"power: `{shown}` failed with exit status {done.returncode}: {said}")
