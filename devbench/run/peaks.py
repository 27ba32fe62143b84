"""Measures what this machine's CPU and memory reach at best: large convolutions through the runtime, and a copy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.case import Case, PlannedCase
from devbench.domain.limits import Peak
from devbench.domain.measure import Measure
from devbench.domain.model import Variant
from devbench.domain.outcome import Round, Skipped
from devbench.domain.place import Place
from devbench.errors import DevbenchError, NotHereError, RoundError
from devbench.machine import load
from devbench.machine.memory_copy import cache_bytes, copied_bytes_per_s
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench.models.convolution import Convolution, convolution_file
from devbench.plugin.registry import Registry
from devbench.run.round import RoundRunner

# Which of them a runtime is best at differs; a small one for boards, whose caches are small.
_SHAPES = ((56, 128, 3), (28, 512, 1), (14, 256, 3))  # side, channels, kernel
PRECISIONS = ("int8", "float32")
_MEASURE = Measure(
    profile="peaks", rounds=1, max_rounds=1, warmup_runs=2, warmup_s=0.1, warmup_cap_s=0,
    min_runs=5, min_s=0.3, cap_s=5, precision=None, time_limit_s=120,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MachinePeaks:
    """What was measured.

    facts: of the machine, as the worker saw it. problems: what could not be measured, and why. busy: what else the
    machine did meanwhile, and what to do about it; "" if it was quiet.
    """

    facts: Mapping[str, str]
    peaks: tuple[Peak, ...]
    problems: tuple[str, ...]
    busy: str


def measure_peaks(
    registry: Registry, rounds: RoundRunner, cache: ModelCache, tell: Callable[[str], None], root: Path = Path("/")
) -> MachinePeaks:
    """The peaks of this machine's CPU, one for each precision and number of threads, and of its memory.

    A `NotHereError` where no runtime works here.
    """
    place, runtime = _where(registry, rounds)
    everything = len(os.sched_getaffinity(0))
    facts: Mapping[str, str] = {}
    peaks: list[Peak] = []
    before = load.look(root)
    problems: list[str] = []
    for precision in PRECISIONS:
        for threads in sorted({1, everything}):
            tell(f"{precision} convolutions with {threads} thread{'s' if threads > 1 else ''}")
            try:
                facts, per_s = _best(registry, rounds, cache, (place, runtime), precision, threads)
            except DevbenchError as error:
                problems.append(f"{precision} with {threads} threads could not be measured: {error.message}")
                continue
            version = f"{runtime} {facts.get('runtime_version', '')}".strip()
            peaks.append(
                Peak(
                    wall="compute",
                    per_s=per_s,
                    precision=precision,
                    threads=threads,
                    measured=True,
                    source=f"measured here with {version}: the fastest of {len(_SHAPES)} large convolutions",
                )
            )
    tell("copying memory")
    peaks += _memory(everything, problems, root)
    busy = load.steal(before, load.look(root))
    waited = load.pressure(root)
    disturbed = [check.text for check in (busy, waited) if check.good is False]
    return MachinePeaks(facts=facts, peaks=tuple(peaks), problems=tuple(problems), busy="; ".join(disturbed))


def _where(registry: Registry, rounds: RoundRunner) -> tuple[Place, str]:
    """The first CPU here with a runtime that works and takes .tflite files."""
    for device in registry.devices.values():
        if device.traits.processor != "cpu":
            continue
        for place in (one for one in device.discover() if isinstance(one, Place)):
            for name in device.runtimes:
                runtime = registry.runtimes.get(name)
                if runtime and "tflite" in runtime.formats and not isinstance(rounds.look(place, name), Skipped):
                    return place, name
    raise NotHereError("no runtime for .tflite files works on this machine", "See `devbench devices`.")


def _best(
    registry: Registry,
    rounds: RoundRunner,
    cache: ModelCache,
    where: tuple[Place, str],
    precision: str,
    threads: int,
) -> tuple[Mapping[str, str], float]:
    """The facts of the machine, and the most operations a second that any of the convolutions reaches."""
    with tempfile.TemporaryDirectory(prefix="devbench-peaks-") as folder:
        found = list(_rounds(registry, rounds, cache, where, Path(folder), precision, threads))
    facts = found[0][0].about.facts
    return facts, max(operations / int(one.samples_ns.min()) * 1e9 for one, operations in found)


def _rounds(
    registry: Registry,
    rounds: RoundRunner,
    cache: ModelCache,
    where: tuple[Place, str],
    folder: Path,
    precision: str,
    threads: int,
) -> Iterator[tuple[Round, int]]:
    place, runtime = where
    for side, channels, kernel in _SHAPES:
        shape = Convolution(side=side, channels=channels, kernel=kernel, precision=precision)
        file = folder / f"{shape.name}.tflite"
        file.write_bytes(convolution_file(shape))
        variant = Variant(precision=precision, format="tflite", source=str(file))
        planned = PlannedCase(
            id=f"{shape.name}@{place.device}:{threads}",
            model=shape.name,
            variant=variant,
            device=place.device,
            place=place.name,
            runtime=runtime,
            options={**registry.runtimes[runtime].options, "threads": threads},
            measure=_MEASURE,
            seed=0,
        )
        artifact = prepare_artifact(shape.name, variant, cache, _no_fetch)
        yield rounds.devbench_run_round(Case(planned=planned, artifact=artifact), place), shape.operations


def _no_fetch(source: str, _: Path) -> Path:
    raise RoundError(f"{source}: nothing is fetched for this", phase="prepare")


def _memory(threads: int, problems: list[str], root: Path) -> Iterator[Peak]:
    kept = cache_bytes(root)
    if kept is None:
        problems.append("the memory's peak is of no use: the kernel does not tell how much the caches keep")
        return
    yield Peak(
        wall="memory",
        per_s=copied_bytes_per_s(threads, kept),
        keeps_bytes=kept,
        measured=True,
        source=f"measured here: a copy of memory with {threads} thread{'s' if threads > 1 else ''}, read and written",
    )
