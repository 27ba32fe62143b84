"""The host's side of a worker's life, here or on another machine: hello, request, phases, result."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter

from devbench.domain.measure import Measure
from devbench.domain.place import Place, Ssh
from devbench.errors import RoundError
from devbench.places.answers import (
    BUILDING,
    GREETING,
    MEASURING,
    Built,
    Failure,
    Hello,
    InvalidAnswerError,
    Message,
    Output,
    Phase,
    Result,
    Samples,
)
from devbench.places.here import talk_here
from devbench.places.pieces import Measurement, Pieces
from devbench.places.shipping import receiver_source, ship
from devbench.places.ssh import talk_over_ssh

PROTOCOL = 2
HELLO_LIMIT_S = 60.0
END_LIMIT_S = 5.0  # within which a worker that has answered lets go of its device
GRACE_S = 3.0
_MOST_PHASES = 50
READY = ("answer", "learn")  # phases in which a worker takes pictures
_TOO_MANY_PHASES = "the worker has begun more phases than there are"
_SLOW_OR_STUCK = "If it is slow rather than stuck, raise `time_limit_s` in the suite's `measure:`."
Request = Mapping[str, Any]
T = TypeVar("T", bound=Message)


@dataclass(frozen=True, kw_only=True)
class WorkerJob:
    """What a worker is started for.

    files: those it will read, each with its sha256. limit_s: for measuring, building or a conversation; answer_limit_s:
        for each answer in one. too_slow: what to do when one is over.
    """

    runtime: str
    archive: Path
    files: Mapping[Path, str]
    limit_s: float
    on_phase: Callable[[str], None]
    answer_limit_s: float = 0
    too_slow: str = _SLOW_OR_STUCK


class Session:
    """One worker process, from its start to its end. Every way it can go wrong is a `RoundError`."""

    def __init__(self, place: Place, job: WorkerJob) -> None:
        self._ssh = place.ssh
        self._job = job
        self._paths: dict[Path, str] = {}
        self.copying_s = 0.0
        if place.ssh:
            python = place.python_for(job.runtime) or "python3"
            self._talk = talk_over_ssh(place, place.ssh, python, len(receiver_source()))
        else:
            command = [place.python_for(job.runtime) or sys.executable, str(job.archive), job.runtime]
            self._talk = talk_here(place, command, "start", life_s=_life_s(job))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What runs over there cannot be killed from here: it ends when it sees that its input has ended.
        self._talk.process.end(GRACE_S if self._ssh and self._talk.phase != "connect" else 0)

    def hello(self) -> Hello:
        """The worker's first message: whether its engine is there, and what it sees of the machine.

        What another machine lacks of the files is copied there first.
        """
        if self._ssh:
            self._ship(self._ssh)
        deadline_s = time.monotonic() + HELLO_LIMIT_S
        hello = self._talk.receive(GREETING, deadline_s, f"no hello within {HELLO_LIMIT_S:g} s", "")
        if hello.protocol != PROTOCOL:
            raise self._talk.error(f"the worker speaks protocol {hello.protocol}, and this devbench {PROTOCOL}")
        return hello

    def path_of(self, file: Path) -> str:
        """Where the worker finds one of the job's files."""
        return self._paths.get(file, str(file))

    def measure(self, request: Request, measure: Measure) -> Measurement:
        """Have the worker measure one case. The time limit begins here."""
        pieces = Pieces(measure)
        try:
            for answer in self._answers(request, MEASURING):
                if isinstance(answer, Samples | Output):
                    pieces.add(answer)
                elif isinstance(answer, Result):
                    return pieces.complete(answer)
        except InvalidAnswerError as error:
            raise self._talk.invalid(error) from None
        raise AssertionError("there are answers until there is a result or an error")

    def build(self, request: Request) -> Built:
        """Have the engine build what it needs. The time limit begins here."""
        return next(answer for answer in self._answers(request, BUILDING) if isinstance(answer, Built))

    def converse(self, request: Request, messages: Iterable[Request], expected: TypeAdapter[T]) -> Iterator[T]:
        """Have the worker take messages one after the other, and give what it answers to each; then it ends.

        The first message waits until the model is loaded: what a busy worker does not read would stall. The time limit
        is that of each answer.
        """
        self._talk.send(request)
        self._next_answer(expected, until=READY)
        for message in messages:
            self._talk.send(message)
            answer = self._next_answer(expected)
            assert answer is not None
            yield answer
        self._talk.process.exit_status(END_LIMIT_S)

    def _next_answer(self, expected: TypeAdapter[T], until: tuple[str, ...] = ()) -> T | None:
        """What comes next but for phases; None where one of the phases `until` begins."""
        limit_s = self._job.answer_limit_s or self._job.limit_s
        deadline_s = time.monotonic() + limit_s
        too_late = f"no answer to pictures within {limit_s:g} s, so the worker was ended"
        for _ in range(_MOST_PHASES):
            answer = self._talk.receive(expected, deadline_s, too_late, self._job.too_slow)
            if isinstance(answer, Failure):
                raise self._failed(answer)
            if not isinstance(answer, Phase):
                if until:
                    raise self._talk.invalid(InvalidAnswerError("the worker answered before it was asked"))
                return answer
            self._begin(answer.phase)
            if answer.phase in until:
                return None
        raise self._talk.invalid(InvalidAnswerError(_TOO_MANY_PHASES))

    def _failed(self, answer: Failure) -> RoundError:
        self._talk.phase = answer.phase
        return self._talk.error(f"{answer.kind}: {answer.error}")

    def _answers(self, request: Request, expected: TypeAdapter[T]) -> Iterator[T]:
        """What comes after the request but for phases; at the last one, the worker has ended."""
        self._talk.send(request)
        limit_s = self._job.limit_s
        deadline_s = time.monotonic() + limit_s
        too_late = f"no result within {limit_s:g} s, so the worker was ended"
        phases = 0
        while True:
            answer = self._talk.receive(expected, deadline_s, too_late, self._job.too_slow)
            if isinstance(answer, Phase):
                self._begin(answer.phase)
                phases += 1
                if phases > _MOST_PHASES:
                    raise self._talk.invalid(InvalidAnswerError(_TOO_MANY_PHASES))
            elif isinstance(answer, Failure):
                raise self._failed(answer)
            else:
                if isinstance(answer, Result | Built):
                    self._talk.process.exit_status(END_LIMIT_S)  # the next one finds the device free
                yield answer

    def _begin(self, phase: str) -> None:
        self._talk.phase = phase
        self._job.on_phase(phase)

    def _ship(self, ssh: Ssh) -> None:
        begin_s = time.monotonic()
        job = self._job
        self._paths = ship(
            self._talk,
            ssh,
            [job.archive, *job.files],
            job.files,
            runtime=job.runtime,
            life_s=_life_s(job),
            on_phase=job.on_phase,
        )
        self.copying_s = time.monotonic() - begin_s


def _life_s(job: WorkerJob) -> float:
    """When its supervisors end the worker, whatever has become of this process."""
    return HELLO_LIMIT_S + job.limit_s
