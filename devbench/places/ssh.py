"""The system's OpenSSH client, as devbench uses it: its options, the command it runs, and what its end means."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from pathlib import Path

from devbench.domain.place import Place, Ssh
from devbench.errors import RoundError
from devbench.places.process import WorkerProcess
from devbench.places.ssh_trouble import why_not_connected, why_not_started
from devbench.places.talk import Ending, Talk

SSH_FAILED = 255  # ssh's own exit status for all that is not the remote program's
LOST = (SSH_FAILED, -1)  # what it ends with when the connection does
_OPTIONS = {
    # Nobody is there to answer a question, and a host's key is never taken on trust.
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "NoHostAuthenticationForLocalhost": "no",
    # A board without power is noticed after a minute; a packet every 20 s disturbs no measurement.
    "ConnectTimeout": "15",
    "ServerAliveInterval": "20",
    "ServerAliveCountMax": "3",
    # The rounds of a run share one connection, which ends by itself when no round needed it for a minute.
    "ControlPersist": "60",
    # What a user's configuration may say for other purposes.
    "ClearAllForwardings": "yes",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "LogLevel": "INFO",  # less than that leaves some causes out
}
_LONGEST_FOLDER = 80  # a socket's path has 107 bytes: 17 for our name of it, and 17 that ssh adds for a moment
# Nothing in it means anything to any login shell once it stands between single quotes.
_START = (
    "import sys; "
    'sys.version_info < (3, 6) and sys.exit("devbench: this is Python " + sys.version.split()[0]); '
    "exec(sys.stdin.buffer.read({size}))"
)


def ssh_command(ssh: Ssh, remote: str, *, may_share: bool = True) -> list[str]:
    """The command that runs `remote`, a line for the login shell there. A `RoundError` if none can be made.

    may_share: open the shared connection if there is none yet, and leave it to others; else only use it.
    """
    name = hashlib.sha256(repr((ssh.host, ssh.config)).encode()).hexdigest()[:16]
    options = {**_OPTIONS, "ControlMaster": "auto" if may_share else "no", "ControlPath": str(_sockets() / name)}
    given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    config = ["-F", str(ssh.config)] if ssh.config else []
    return ["ssh", *config, "-T", "-x", "-a", *given, "--", ssh.host, remote]


def talk_over_ssh(place: Place, ssh: Ssh, python: str, size: int) -> Talk:
    """A conversation with `python` over there, which first takes a program of `size` bytes."""
    try:
        process = WorkerProcess(ssh_command(ssh, remote_python(python, size)))
    except OSError as error:
        raise RoundError(
            f"{place.title}: cannot start ssh: {error.strerror}",
            "Install the OpenSSH client (Debian and Ubuntu: sudo apt install openssh-client).",
            phase="connect",
        ) from error
    return Talk(process, "connect", lambda *end: why_ssh_ended(ssh, python, *end))


def remote_python(python: str, size: int) -> str:
    """A shell command that runs a program of `size` bytes from stdin; `~/` is the home folder over there."""
    home, path = ('"$HOME"/', python[2:]) if python.startswith("~/") else ("", python)
    return f"{home}{shlex.quote(path)} -c {shlex.quote(_START.format(size=size))}"


def why_ssh_ended(ssh: Ssh, python: str, status: int, phase: str, stderr: str) -> Ending | None:
    """What it means that a process of `ssh_command` ended in `phase`; None: the worker ended by itself."""
    if phase == "connect":
        way = f"-F {shlex.quote(str(ssh.config))} {ssh.host}" if ssh.config else ssh.host
        if status == SSH_FAILED:
            return Ending(*why_not_connected(ssh.host, way, stderr), place_lost=True)
        return Ending(*why_not_started(ssh.host, way, python, status, stderr))
    if status in LOST:
        return Ending(
            f"the connection to {ssh.host} was lost",
            "Has the machine restarted, or lost power or network? See `uptime` there, and measure again.",
            place_lost=True,
        )
    return None


def _sockets() -> Path:
    """The folder for the sockets of shared connections, which is nobody else's; made if need be."""
    user = os.getuid()
    given = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")  # noqa: S108 - owner and mode are checked below
    if len(os.fsencode(given)) > _LONGEST_FOLDER - len(f"/devbench-ssh-{user}") or not os.access(given, os.W_OK):
        given = Path("/tmp")  # noqa: S108
    folder = given / f"devbench-ssh-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        raise RoundError(f"{folder}: cannot be made: {error.strerror}", phase="connect") from error
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != user or stat.S_IMODE(about.st_mode) & 0o077:
        raise RoundError(
            f"{folder}: is open to other users, so no connection is kept there",
            "Remove it, or set XDG_RUNTIME_DIR to a folder of your own.",
            phase="connect",
        )
    return folder
