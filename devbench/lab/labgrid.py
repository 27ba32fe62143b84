"""Boards that a night shares with people: labgrid is the lock, through the program labgrid-client.

Nobody is ever kicked. What the night has is given back when it ends, also after `kill -9`: by a guardian process, and
by the notes that it leaves.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname
from typing import Self

from devbench.files import make_folder, write_whole
from devbench.lab import releasing
from devbench.lab.labgrid_client import (
    Client,
    ReservationError,
    Seen,
    lost,
    no_program,
    owner_of,
    places_of,
    refused,
    taken,
    unanswered,
    unknown,
)
from devbench.lab.releasing import SUFFIX, Answer, Note, ask, end_group, environment, give_back, last_line
from devbench.places.interrupt import check_interrupt
from devbench.printable import one_line

Tell = Callable[[str], None]

_AT_ONCE = 2  # each call of labgrid-client takes a third of a second of a core
_SEEN_IS_NEW_S = 10.0
_SEEN_TOGETHER_S = 1.0  # two hundred boards that begin at once ask once
_TRY_AGAIN_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """A board that is ours for now. name: what labgrid calls it; "" where labgrid has no part in it."""

    name: str
    host: str = ""
    user: str = ""
    of: Reservations | None = None

    def check(self) -> str:
        """Make sure that it is still ours. "" if it is; what happened where it had to be reserved again.

        Raises ReservationError if somebody else has it now. A coordinator that is away for now lends it to nobody.
        """
        return self.of.check(self) if self.of else ""

    def power_cycle(self, off_s: float = 2.0) -> None:
        """Switch the board off and on again by labgrid. Raises ReservationError."""
        if self.of is None:
            raise ReservationError("failed", "this place has no labgrid place", "Name it in lab.yaml: labgrid: NAME.")
        self.of.power_cycle(self, off_s)


@dataclass(kw_only=True)
class Reservations:
    """All boards that one night has from labgrid; for several threads. Use it as a context manager.

    notes: a folder of the laboratory, the same every night. night: its id, part of the name that labgrid shows.
    stop: ends all waiting when it is set.
    """

    client: Client
    notes: Path
    night: str
    tell: Tell
    stop: threading.Event = field(default_factory=threading.Event)
    _guardian: subprocess.Popen[bytes] | None = None
    _token: str = field(default_factory=lambda: secrets.token_hex(3))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _few: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AT_ONCE))
    _asked_for: dict[str, bool] = field(default_factory=dict)  # who asked for a place, and whether it had to wait
    _ours_since: dict[str, float] = field(default_factory=dict)
    _hangs: bool = False
    _seen: tuple[float, dict[str, Seen]] = (-1e9, {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._guardian:
            assert self._guardian.stdin and self._guardian.stdout
            self._guardian.stdin.close()  # it gives back what notes are left, and ends
            self._guardian.stdout.close()
            self._guardian.wait()

    @contextmanager
    def reserved(self, name: str, deadline: float) -> Iterator[Reservation]:
        """Have the place `name` while the block runs; wait for it until `deadline`, by time.monotonic().

        name: "" for a place without labgrid. Raises ReservationError.
        """
        if not name:
            yield Reservation(name="")
            return
        self._watch()
        user = f"devbench-{self.night}-{self._token}-{secrets.token_hex(2)}"
        host = gethostname().replace("/", "-")
        note = Note(place=name, host=host, user=user, coordinator=self.client.coordinator, machine=gethostname())
        path = self.notes / f"{self._token}-{user[-4:]}{SUFFIX}"
        mine = Reservation(name=name, host=host, user=user, of=self)
        make_folder(self.notes)
        write_whole(path, json.dumps(note).encode())
        try:
            self._acquire(mine, deadline)
            self._ours_since[mine.user] = time.monotonic()
            yield mine
        finally:
            why = self._give_back(mine, note)
            if why:  # the note stays: the guardian tries again, and so does the next night
                self.tell(f"labgrid: {name} could not be released: {one_line(why)}")
            else:
                path.unlink(missing_ok=True)

    def check(self, mine: Reservation) -> str:
        """As Reservation.check."""
        try:
            seen = self._places(mine, min(_SEEN_IS_NEW_S, time.monotonic() - self._ours_since[mine.user])).get(
                mine.name
            )
        except ReservationError as error:
            return f"{mine.name}: whether it is still reserved is not known: {error.message}"
        if seen and seen.acquired == f"{mine.host}/{mine.user}":
            return ""
        if seen and seen.acquired:
            raise lost(mine.name, seen.acquired)
        done = self._ask(mine, "acquire")
        self._ours_since[mine.user] = time.monotonic()
        if done["status"]:
            raise lost(mine.name, "")
        return f"{mine.name}: labgrid no longer knew the reservation (has its coordinator restarted?); it is ours again"

    def power_cycle(self, mine: Reservation, off_s: float) -> None:
        """As Reservation.power_cycle."""
        done = self._ask(mine, "power", "--delay", f"{off_s:g}", "cycle", limit_s=60 + off_s)
        if done["status"]:
            raise ReservationError(
                "failed",
                f"{mine.name}: labgrid could not switch it off and on: {one_line(last_line(done['text']))}",
                f"Try: {self.client.program} -p {mine.name} power cycle",
            )

    def _give_back(self, mine: Reservation, note: Note) -> str:
        """Why that failed; "" if it is done, or if there was nothing to do."""
        if mine.user not in self._asked_for:
            return ""
        if self._hangs:
            return releasing.NOT_TRIED
        with self._few:
            why = give_back(note, self.client.program, waited=self._asked_for[mine.user])
        self._hangs = releasing.HANGS in why
        return why

    def _acquire(self, mine: Reservation, deadline: float) -> None:
        """Get the place, now or when its holder gives it back; ReservationError after the deadline."""
        given_up = time.monotonic() + self.client.patience_s
        told = ""
        while True:
            try:
                holder = self._try(mine)
            except ReservationError as error:
                if error.kind not in ("away", "gone") or time.monotonic() >= min(given_up, deadline):
                    raise
                self._pause()
                continue
            if not holder:
                return
            left = deadline - time.monotonic()
            if left <= 0 or self.stop.is_set():
                raise taken(mine.name, holder)
            if holder != told:
                self.tell(f"labgrid: {mine.name} is held by {holder}; waiting until it is given back")
                told = holder
            self._queue(mine, left)
            given_up = time.monotonic() + self.client.patience_s

    def _try(self, mine: Reservation) -> str:
        """Who has the place; "" if it is ours now. Raises ReservationError."""
        places = self._places(mine, _SEEN_TOGETHER_S)
        seen = places.get(mine.name)
        if seen is None:
            raise unknown(mine.name, sorted(places))
        if seen.acquired:
            return f"{seen.acquired} (since {seen.since})"
        self._asked_for.setdefault(mine.user, False)
        done = self._ask(mine, "acquire")
        if done["status"] == 0:
            return ""
        if "is already acquired" in done["text"]:
            return "somebody"
        if "was not reserved for" in done["text"]:
            return owner_of(self._ask(mine, "reservations", place=False)["text"], seen.reservation)
        raise refused(mine.name, done, self.client)

    def _queue(self, mine: Reservation, left_s: float) -> None:
        """Wait in labgrid's own queue, in which those who came first are served first. Returns when it is our turn."""
        self._asked_for[mine.user] = True
        process = subprocess.Popen(
            [self.client.path, "reserve", "--wait", "--shell", f"name={mine.name}"],
            env=environment(mine.host, mine.user, self.client.coordinator),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + left_s
        try:
            while process.poll() is None and time.monotonic() < until and not self.stop.wait(0.2):
                check_interrupt()
        finally:
            ended = process.poll()
            end_group(process)  # its reservation is cancelled when the place is given back
        if ended:
            self._pause()

    def _places(self, mine: Reservation, max_age_s: float) -> dict[str, Seen]:
        """All places of the coordinator, asked for at most so long ago. One question answers for all boards."""
        with self._lock:
            asked = time.monotonic()
            if asked - self._seen[0] > max_age_s:
                done = self._ask(mine, "--verbose", "places", place=False)
                if done["status"]:
                    raise unanswered(done, self.client)
                self._seen = (asked, places_of(done["text"]))
            return self._seen[1]

    def _ask(self, mine: Reservation, *words: str, place: bool = True, limit_s: float = releasing.LIMIT_S) -> Answer:
        chosen: Sequence[str] = (f"--place={mine.name}", *words) if place else words
        with self._few:
            try:
                return ask(
                    self.client.path,
                    chosen,
                    host=mine.host,
                    user=mine.user,
                    coordinator=self.client.coordinator,
                    limit_s=limit_s,
                )
            except OSError as error:
                raise no_program(self.client.program, error.strerror or str(error)) from error

    def _pause(self) -> None:
        check_interrupt()
        self.stop.wait(min(_TRY_AGAIN_S, self.client.patience_s / 4))

    def _watch(self) -> None:
        """Start the guardian, once. From then on what this night has is given back if it is killed."""
        with self._lock:
            if self._guardian:
                return
            program = self.client.path
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", releasing.__file__],
                stdin=subprocess.PIPE,  # its write end is inherited by no other child
                stdout=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
            assert process.stdin and process.stdout
            task = {
                "folder": str(self.notes.absolute()),
                "pattern": f"{self._token}-*{SUFFIX}",
                "program": program,
                "machine": gethostname(),
            }
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(task).encode() + b"\n")
            if process.stdout.readline() != releasing.READY:
                end_group(process)
                raise ReservationError("failed", "the guardian that releases boards did not start")
            self._guardian = process


def release_left_over(notes: Path, client: Client) -> tuple[str, ...]:
    """Give back what earlier nights of this machine still have. What was done, and what failed, in sentences.

    Only where no night runs on this laboratory. A board that somebody else has by now stays theirs.
    """
    if not any(notes.glob(f"*{SUFFIX}")):
        return ()
    found = releasing.give_back_all(notes, f"*{SUFFIX}", client.program, gethostname())
    return tuple(
        f"{note['place']}: still reserved by an earlier night, and not released: {one_line(why)}"
        if why
        else f"{note['place']}: released, after an earlier night that was ended"
        for note, why in found
    )
