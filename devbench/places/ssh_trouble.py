"""What ssh and login shells say when there is no connection, or no Python: its cause, and what to do.

OpenSSH never translates its texts; these were seen from 9.2, and the shells' from dash, bash, zsh, tcsh and fish.
"""

from __future__ import annotations

import re

_NOT_FOUND = 127  # what shells return
_NOT_EXECUTABLE = 126

# (what a line of stderr says, the cause, what to do); the first that fits. {host}: as in lab.yaml;
# {way}: the same with its configuration, to be typed after `ssh`; {line}: that line.
_CONNECTING = (
    (
        r"^Offending .* key in",
        "the key of {host} is not the known one",
        """Was the machine set up again, or is it a different one? Once you know why, remove the old key ({line}) and
        connect once by hand: ssh {way}""",
    ),
    (
        r"Host key verification failed|host key is known for",
        "the key of {host} is not known yet, and keys are never taken on trust",
        "Connect once by hand and compare the fingerprint: ssh {way}",
    ),
    (
        r"Permission denied|Too many authentication failures|No more authentication methods",
        "{host} accepts none of this machine's keys",
        """Passwords are not asked for. Bring a key there with `ssh-copy-id {way}`; one with a passphrase goes into
        the agent with `ssh-add`. This must work: ssh -o BatchMode=yes {way} true""",
    ),
    (
        r"Could not resolve hostname",
        "{host}: there is no machine of this name",
        "Look at `ssh:` in lab.yaml, and at Host and HostName in the ssh configuration.",
    ),
    (
        r"Connection refused",
        "{host} is there, but no ssh server answers",
        "Is it still starting? Is `sshd` running there, and on that port?",
    ),
    (
        r"timed out|No route to host|Network is unreachable|Host is down|not responding",
        "{host} does not answer",
        "Is it switched on and on this network? Try: ssh {way}",
    ),
    (
        r"Unable to negotiate",
        "{host} and this machine's ssh have no method in common",
        "An old server: allow what it offers for this Host in the ssh configuration. {line}",
    ),
    (
        r"Bad owner or permissions|[Bb]ad configuration option|Can't open user config file|: line \d+:",
        "ssh does not accept its configuration: {line}",
        "Correct that file.",
    ),
)


def why_not_connected(host: str, way: str, stderr: str) -> tuple[str, str]:
    """Cause and hint for an `ssh` that failed by itself before anything ran over there."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for pattern, cause, hint in _CONNECTING:
        for line in lines:
            if re.search(pattern, line):
                return cause.format(host=host, line=line), " ".join(hint.format(host=host, way=way, line=line).split())
    return f"{host}: no connection ({lines[-1] if lines else 'ssh said nothing'})", f"This must work: ssh {way} true"


def why_not_started(host: str, way: str, python: str, status: int, stderr: str) -> tuple[str, str]:
    """Cause and hint for a login that worked, after which Python did not start."""
    name_it = "Name an interpreter that exists there with `python:` in lab.yaml."
    if too_old := re.search(r"devbench: this is Python (\S+)", stderr):
        return f"{python} at {host} is Python {too_old[1]}, and the worker needs 3.6 or newer", name_it
    if status == _NOT_FOUND or re.search(r"[Cc]ommand not found|No such file or directory", stderr):
        return f"there is no {python} at {host}", name_it
    if status == _NOT_EXECUTABLE:
        return f"{python} at {host} cannot be executed", name_it
    return (
        f"{python} did not start at {host} (exit status {status})",
        f"The log below may say why. This must work: ssh {way} {python} --version",
    )
