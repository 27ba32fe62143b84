"""devbench's own answer to `devbench_run_round`: a fresh worker process that measures the case once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from devbench.clock import utc_now
from devbench.domain.case import Case
from devbench.domain.install import install_hint
from devbench.domain.outcome import EngineCheck, OutputTensor, Round, RoundFacts, Skipped
from devbench.domain.place import Place, Ssh
from devbench.errors import RoundError
from devbench.files import sha256_of
from devbench.hookspecs import hookimpl
from devbench.models.cache import keep_within_limit
from devbench.places.answers import Built, Hello, Message, Output
from devbench.places.archive import worker_archive
from devbench.places.pieces import Measurement
from devbench.places.session import Request, Session, WorkerJob
from devbench.plugin.calls import KnownRuntime
from devbench.plugin.registry import Registry
from devbench.run.conditions import conditions_of
from devbench.run.honesty import engine_check

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
M = TypeVar("M", bound=Message)
_SECONDS_FOR_A_PICTURE = 10  # more than the slowest board takes for the largest network
_A_DAY_S = 86_400


class RoundRunner:
    """Runs rounds with the worker that travels. on_phase: told what the worker is doing."""

    def __init__(self, registry: Registry, archives: Path, on_phase: Callable[[str], None]) -> None:
        self._registry = registry
        self._archives = archives
        self._on_phase = on_phase
        self._closed: dict[tuple[Ssh | None, str | None], Skipped] = {}
        self._seen: dict[tuple[Ssh | None, str | None, str], Mapping[str, str]] = {}
        self._built: dict[str, Built] = {}

    def probe(self, place: Place, runtime: str) -> Skipped | None:
        """Why `runtime` does not work at `place`; None if it does."""
        found = self.look(place, runtime)
        return found if isinstance(found, Skipped) else None

    def look(self, place: Place, runtime: str) -> Mapping[str, str] | Skipped:
        """What the worker sees at `place`, or why `runtime` does not work there.

        A machine that could not be reached once is not tried again: each try may take 15 s. What was seen once is told
        again.
        """
        way = (place.ssh, place.python_for(runtime))
        if (*way, runtime) in self._seen:
            return self._seen[*way, runtime]
        if way not in self._closed:
            try:
                with self._session(place, runtime) as session:
                    hello = session.hello()
            except RoundError as error:
                why = Skipped(reason=error.message, hint=error.hint)
                if error.phase != "connect":
                    return why
                self._closed[way] = why
            else:
                if hello.problem:
                    return self._missing(place, runtime, hello)
                self._seen[*way, runtime] = hello.facts
                return hello.facts
        return self._closed[way]

    def forget(self, place: Place) -> None:
        """Try the machine of `place` again, though it could not be reached before."""
        for way in [way for way in self._closed if way[0] == place.ssh]:
            self._closed.pop(way, None)

    def carry(self, place: Place, cases: Sequence[Case]) -> None:
        """Have the files of `cases` at `place`, if that is another machine. What fails here fails again in a round.

        Not those of an engine that builds: the building takes them there.
        """
        if not place.ssh:
            return
        by_runtime: dict[str, dict[Path, str]] = {}
        for case in cases:
            if not self._runtime(case.planned.runtime).engine.build_limit_s:
                by_runtime.setdefault(case.planned.runtime, {}).update(_files(case, None))
        for runtime, files in by_runtime.items():
            with suppress(RoundError), self._session(place, runtime, files) as session:
                session.hello()

    @hookimpl
    def devbench_make_ready(self, case: Case, place: Place) -> None:
        """What the engine builds of the artifact at the place, if it does.

        In a worker of its own: all rounds then begin alike, and none with the memory of the building.
        """
        limit_s = self._runtime(case.planned.runtime).engine.build_limit_s
        if not limit_s:
            return
        with self._session(place, case.planned.runtime, _files(case, None), limit_s, too_slow="") as session:
            self._greeted(session, case, place)
            request = {**self._request(case, place, session.path_of, None), "build": True}
            self._built[case.id] = self._explained(case, lambda: session.build(request))
        if not place.ssh:
            keep_within_limit(self._archives.with_name("models"))

    @hookimpl(trylast=True)
    def devbench_run_round(self, case: Case, place: Place) -> Round:
        """One round, in a process of its own."""
        if case.id not in self._built:
            self.devbench_make_ready(case, place)
        try:
            return self._round(case, place, self._built.get(case.id))
        except RoundError as error:
            if error.phase != "load" or "FileNotFoundError" not in error.message or case.id not in self._built:
                raise
        self.devbench_make_ready(case, place)  # it had to make room in the cache there
        return self._round(case, place, self._built.get(case.id))

    def _round(self, case: Case, place: Place, built: Built | None) -> Round:
        started = utc_now()
        begin_s = time.monotonic()
        measure = case.planned.measure
        with self._session(place, case.planned.runtime, _files(case, built), measure.time_limit_s) as session:
            hello = self._greeted(session, case, place)
            request = self._request(case, place, session.path_of, built)
            found = self._explained(case, lambda: session.measure(request, measure))
            duration_s = time.monotonic() - begin_s - session.copying_s
        check = engine_check(found.result, place, case.planned.all_options)
        return _round(found, {**hello, **(built.facts if built else {})}, started, duration_s, check)

    def converse(
        self,
        case: Case,
        place: Place,
        asked: Mapping[str, Any],
        messages: Iterable[Mapping[str, Any]],
        expected: TypeAdapter[M],
        pictures: int,
    ) -> Iterator[M]:
        """What a worker with the case's model answers to messages, one after the other. Raises a RoundError.

        asked: what it is to do with them. pictures: how many there will be at most, for the time limit.
        """
        if case.id not in self._built:
            self.devbench_make_ready(case, place)
        built, answer_s = self._built.get(case.id), case.planned.measure.time_limit_s
        case = replace(case, feeds=())
        whole_s = min(answer_s + pictures * _SECONDS_FOR_A_PICTURE, _A_DAY_S)
        with self._session(
            place, case.planned.runtime, _files(case, built), whole_s, answer_limit_s=answer_s
        ) as session:
            self._greeted(session, case, place)
            request = {**self._request(case, place, session.path_of, built), **asked}
            try:
                yield from session.converse(request, messages, expected)
            except RoundError as error:
                raise self._with_advice(case, error) from error

    def _greeted(self, session: Session, case: Case, place: Place) -> Mapping[str, str]:
        """What the worker sees there, if its engine is there and takes the artifact."""
        hello = session.hello()
        if hello.problem:
            why = self._missing(place, case.planned.runtime, hello)
            raise RoundError(why.reason, why.hint, phase="start")
        if unfit := self._runtime(case.planned.runtime).unfit(case.artifact, hello.facts):
            raise RoundError(unfit, phase="start")
        return hello.facts

    def _session(
        self, place: Place, runtime: str, files: Mapping[Path, str] | None = None, limit_s: float = 0, **rest: Any
    ) -> Session:
        driver = self._registry.runtimes[runtime]
        job = WorkerJob(
            runtime=runtime,
            archive=worker_archive(driver.engine.path, self._archives, driver.engine.parts),
            files=files or {},
            limit_s=limit_s,
            on_phase=self._on_phase,
            **rest,
        )
        return Session(place, job)

    def _request(self, case: Case, place: Place, path_of: Callable[[Path], str], built: Built | None) -> Request:
        known = {**place.options, "processor": place.traits.processor}
        asked = self._runtime(case.planned.runtime).engine.place_options
        return {
            "artifact": (built.path if built else "") or path_of(case.artifact.path),
            "inputs": [asdict(spec) for spec in case.artifact.inputs],
            "outputs": [asdict(spec) for spec in case.artifact.outputs],
            "options": {**case.planned.all_options, **{name: known[name] for name in asked if name in known}},
            "feeds": [path_of(path) for path in case.feeds],
            "seed": case.planned.seed,
            "settings": asdict(case.planned.measure),
        }

    def _runtime(self, name: str) -> KnownRuntime:
        return self._registry.runtimes[name]

    def _missing(self, place: Place, runtime: str, hello: Hello) -> Skipped:
        """A runtime that does not work: what it knows of this problem, else how to have it."""
        driver = self._runtime(runtime)
        where = f"At {place.ssh.host}, for {place.python_for(runtime) or 'python3'}: " if place.ssh else ""
        hint = (
            driver.explain(hello.problem)
            or _lacking(hello.problem)
            or install_hint(driver.install, runtime, place, hello.facts.get("python", ""))
        )
        return Skipped(reason=f"{runtime} is not there: {hello.problem}", hint=where + hint if hint else "")

    def _explained(self, case: Case, ask: Callable[[], T]) -> T:
        """What `ask` gives. An error says what the runtime knows to do about it, which is more than what is general."""
        try:
            return ask()
        except RoundError as error:
            raise self._with_advice(case, error) from error

    def _with_advice(self, case: Case, error: RoundError) -> RoundError:
        runtime = self._runtime(case.planned.runtime)
        hint = runtime.explain(f"{error.message}\n{error.log_tail}") or error.hint or _lacking(error.message)
        return RoundError(error.message, hint, phase=error.phase, log_tail=error.log_tail, place_lost=error.place_lost)


def _lacking(error: str) -> str:
    """What to do where the class `Engine` lacks a member; "" if that is not the error."""
    return "`devbench plugins --check` says what is misspelt." if "'Engine' object has no attribute" in error else ""


def _files(case: Case, built: Built | None) -> dict[Path, str]:
    """What the worker will read, each with its sha256; what was built there is there."""
    artifact = {} if built and built.path else {case.artifact.path: case.artifact.sha256}
    return {**artifact, **{path: sha256_of(path) for path in case.feeds}}


def _round(
    found: Measurement, hello_facts: Mapping[str, str], started: datetime, duration_s: float, check: EngineCheck | None
) -> Round:
    result = found.result
    about = RoundFacts(
        index=0,
        started_utc=started.isoformat(timespec="milliseconds"),
        duration_s=round(duration_s, 3),
        load_ns=result.load_ns,
        first_ns=result.first_ns,
        warmup_samples=len(found.warmup_ns),
        samples=len(found.samples_ns),
        compute_samples=len(found.compute_ns),
        inferences_per_sample=result.inferences_per_sample,
        stopped_by=result.stopped_by,
        cpu_ns_per_inference=result.cpu_ns_per_inference,
        peak_memory_bytes=result.peak_memory_bytes,
        outputs_sha256=hashlib.sha256("".join(one.sha256 for one in found.outputs).encode()).hexdigest(),
        settled=result.settled,
        conditions=conditions_of(*result.around, canaries=result.canaries, preempted=result.involuntary_switches),
        loop_s=result.loop_s,
        check=check,
        facts={**hello_facts, **result.facts},
    )
    return Round(
        about=about,
        warmup_ns=found.warmup_ns,
        samples_ns=found.samples_ns,
        compute_ns=found.compute_ns,
        outputs=tuple(map(_output, found.outputs, found.second_outputs or [None] * len(found.outputs))),
    )


def _output(one: Output, second: Output | None) -> OutputTensor:
    return OutputTensor(
        name=one.name,
        dtype=one.dtype,
        shape=tuple(one.shape),
        sha256=one.sha256,
        data=one.data,
        second_sha256=second.sha256 if second else "",
        second_data=second.data if second else b"",
        scale=one.scale,
        zero_point=one.zero_point,
    )
