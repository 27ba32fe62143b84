"""Which machine a place is on, as a name that all places of that machine have in common."""

from __future__ import annotations

import subprocess
from pathlib import Path

from devbench.domain.place import Place, is_loopback

HERE = "this machine"
_LIMIT_S = 10.0
_SSH_PORT = "22"
_NO_PROXY = (None, "none")


def machine_of(place: Place) -> str:
    """`this machine`, or the address and port that ssh goes to, as its configuration says; never connects.

    Two names of one machine that the configuration does not lead to one address remain two: `shares` in lab.yaml joins
    such places.
    """
    return _reached(place.ssh.host, place.ssh.config) if place.ssh else HERE


def _reached(host: str, config: Path | None) -> str:
    said = _configuration(host, config)
    address = said.get("hostname", host.rpartition("@")[2]).lower()
    port = said.get("port", _SSH_PORT)
    direct = said.get("proxyjump") in _NO_PROXY and said.get("proxycommand") in _NO_PROXY
    if direct and port == _SSH_PORT and is_loopback(address):
        return HERE
    way = "" if direct else f" by {said.get('proxyjump') or said.get('proxycommand')}"
    return f"{address}{'' if port == _SSH_PORT else f':{port}'}{way}"


def _configuration(host: str, config: Path | None) -> dict[str, str]:
    """What `ssh -G` says; nothing where it cannot: then the name must do."""
    chosen = ["-F", str(config)] if config else []
    command = ["ssh", *chosen, "-G", "--", host]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    if done.returncode:
        return {}
    lines = (line.partition(" ") for line in done.stdout.splitlines())
    return {key: value for key, _, value in lines if key in ("hostname", "port", "proxyjump", "proxycommand")}
