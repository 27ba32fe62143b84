"""The program labgrid-client: where it is, what it answers, and what its errors mean."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import Literal

from devbench.errors import DevbenchError
from devbench.lab.releasing import Answer, last_line
from devbench.printable import one_line

Trouble = Literal["taken", "gone", "away", "unknown", "lost", "failed"]

_TIMED_OUT = 124


class ReservationError(DevbenchError):
    """A board that labgrid does not lend: trouble on the way to it, which says nothing about its health.

    kind: "taken": somebody has it. "gone": its exporter is not connected. "away": the coordinator does not answer.
    "unknown": there is no such place. "lost": it was ours, and somebody else has it now. "failed": anything else.
    """

    def __init__(self, kind: Trouble, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Client:
    """How to reach labgrid. coordinator: its address; "" for what labgrid-client itself assumes.

    patience_s: how long a coordinator or an exporter may be away before a board is given up.
    """

    program: str = "labgrid-client"
    coordinator: str = ""
    patience_s: float = 120.0

    @property
    def path(self) -> str:
        """Of the program. Raises ReservationError if it is not there."""
        found = shutil.which(self.program)
        if found is None:
            raise no_program(self.program, "it is not there")
        return found


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A place as the coordinator tells of it. acquired: by whom, as host/user; "" by nobody. since: a local time."""

    acquired: str = ""
    since: str = ""
    reservation: str = ""


def places_of(listed: str) -> dict[str, Seen]:
    """What `labgrid-client --verbose places` says of each place."""
    found: dict[str, Seen] = {}
    blocks = re.split(r"^Place '(.*)':$", listed, flags=re.MULTILINE)
    for name, block in zip(blocks[1::2], blocks[2::2], strict=True):
        told = dict(re.findall(r"^  (acquired|changed|reservation): (.*)$", block, re.MULTILINE))
        acquired = told.get("acquired", "None")
        found[name] = Seen(
            acquired="" if acquired == "None" else acquired,
            since=told.get("changed", "")[:16],
            reservation=told.get("reservation", ""),
        )
    return found


def owner_of(listed: str, token: str) -> str:
    """Whose reservation it is, in what `labgrid-client reservations` says."""
    owner = ""
    for line in listed.splitlines():
        if line.startswith("  owner: "):
            owner = line.removeprefix("  owner: ")
        if token and line == f"  token: {token}":
            return f"{owner} (a reservation)"
    return "somebody's reservation"


def refused(name: str, done: Answer, client: Client) -> ReservationError:
    """Why a place could not be acquired, where nobody else has it."""
    if any(text in done["text"] for text in ("has no matching remote resource", "Failed to acquire resources")):
        return ReservationError(
            "gone",
            f"{name}: its resources are not there: its exporter is not connected to labgrid",
            "Start labgrid-exporter on the machine of this board (in its systemd unit: Restart=always).",
        )
    return unanswered(done, client)


def unanswered(done: Answer, client: Client) -> ReservationError:
    """Why the coordinator gave no answer."""
    text = one_line(last_line(done["text"]))
    where = f" at {client.coordinator}" if client.coordinator else ""
    if done["status"] == _TIMED_OUT or "onnect" in done["text"] or "unavailable" in done["text"]:
        return ReservationError(
            "away",
            f"labgrid's coordinator{where} does not answer: {text}",
            "Start it (labgrid-coordinator), or correct its address in lab.yaml: labgrid: {coordinator: HOST:PORT}.",
        )
    return ReservationError("failed", f"labgrid-client says: {text}")


def unknown(name: str, known: list[str]) -> ReservationError:
    """There is no such place. labgrid-client itself would take any whose name this is a part of."""
    return ReservationError(
        "unknown",
        f"labgrid has no place {name}",
        f"It has: {', '.join(known[:10]) or 'none'}. Correct lab.yaml, or create it: labgrid-client -p {name} create",
    )


def taken(name: str, holder: str) -> ReservationError:
    """Somebody had it until the end."""
    return ReservationError(
        "taken",
        f"{name} is held by {holder}, and was not given back in time",
        f"devbench never takes a board from somebody. Ask them to type: labgrid-client -p {name} release",
    )


def lost(name: str, holder: str) -> ReservationError:
    """It was ours."""
    now = f"{holder} has it now" if holder else "it could not be reserved again"
    return ReservationError(
        "lost",
        f"{name} is not reserved for this night any more: {now}",
        "Somebody has kicked devbench, or labgrid's coordinator has restarted.",
    )


def no_program(program: str, why: str) -> ReservationError:
    """labgrid-client cannot be started."""
    return ReservationError(
        "failed",
        f"{program} cannot be started: {why}",
        "Install it (pipx install labgrid), or name it in lab.yaml: labgrid: {client: PATH}.",
    )
