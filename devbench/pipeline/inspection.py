"""What a user wants to know of a source: what it is, what stands in its way, what to do; as data, for `inspect`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.making import Making
from devbench.errors import ModelError
from devbench.files import sha256_of
from devbench.pipeline.ledger import Step, read_certificate
from devbench.pipeline.maker import Maker
from devbench.pipeline.process import environment_of
from devbench.pipeline.source import TFLITE, Obstacle, Source
from devbench.pipeline.tflite_source import ACCELERATOR
from devbench.pipeline.ways import FLOAT, Way
from devbench.plugin.calls import KnownRuntime


@dataclass(frozen=True, kw_only=True)
class Target:
    """What could be measured. way: the converters, by name. missing: why that is not possible here, and what to do."""

    precision: str
    format: str
    runtimes: tuple[str, ...]
    way: tuple[str, ...] = ()
    needs_pictures: bool = False
    missing: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The source, what can be made of it, and what stands in the way."""

    source: Source
    targets: tuple[Target, ...]
    obstacles: tuple[Obstacle, ...]

    @property
    def measurable(self) -> bool:
        """Whether something of it can be measured with what is installed here."""
        return not any(one.fatal for one in self.obstacles) and any(not one.missing for one in self.targets)


def inspect_source(path: Path, maker: Maker, runtimes: dict[str, KnownRuntime]) -> Inspection:
    """Look into the file or folder at `path`; a `ModelError` says why it is of no use to anybody."""
    source = maker.look(path)
    obstacles = list(source.obstacles)
    if born := _certificate(path):
        source = replace(source, about={**source.about, **_told(born)})
        obstacles += [Obstacle(text=note) for note in born.notes]
    if source.free and source.format != TFLITE:
        free = ", ".join(f"{one.name or 'the input'} {shape_text(one.shape)}" for one in source.free)
        inner = any(-1 in one.shape[1:] for one in source.free)
        hint = (
            "Say it in the suite: `ends: {inputs: {NAME: [1, 224, 224, 3]}}`." if inner else "devbench takes it as 1."
        )
        what = "sizes are free" if inner else "the size of the batch is free"
        obstacles.append(Obstacle(text=f"{what}: {free}", hint=hint))
    targets = [] if any(one.fatal for one in obstacles) else _targets(source, maker, runtimes)
    return Inspection(source=source, targets=tuple(targets), obstacles=tuple(obstacles))


def _certificate(path: Path) -> Step | None:
    """The last step by which devbench made the file, if it did: that stands beside it, in the cache."""
    found = read_certificate(path.parent) if path.is_file() else None
    return found if found and found.sha256 == sha256_of(path) else None


def _told(step: Step) -> dict[str, str]:
    """What the certificate says, for a reader."""
    found = {"made by": f"devbench: {step.name} by {step.tool}"}
    if step.pictures:
        found["calibrated with"] = f"{len(step.pictures)} pictures"
    return {**found, **step.said}


def _targets(source: Source, maker: Maker, runtimes: dict[str, KnownRuntime]) -> list[Target]:
    """As it is, and in each precision that can be made of it; one for each format that runtimes load."""
    precisions = dict.fromkeys((source.precision, *(("int8",) if source.precision == FLOAT else ())))
    loaded: dict[str, list[str]] = {}
    compiled = source.arithmetic == ACCELERATOR
    for name, runtime in runtimes.items():
        if compiled and not runtime.takes_compiled:
            continue
        if runtime.formats:
            loaded.setdefault(runtime.formats[0], []).append(name)
            if source.format in runtime.formats[1:]:
                loaded.setdefault(source.format, []).append(name)
    found = []
    for precision in precisions:
        for kind, names in loaded.items():
            ways = maker.ways(source, Making(formats=(kind,), precision=precision))
            if ways:
                found.append(_target(ways[0], precision, kind, tuple(dict.fromkeys(names))))
    return found


def _target(way: Way, precision: str, kind: str, names: tuple[str, ...]) -> Target:
    problem: ModelError | None = None
    for converter in way.converters:
        try:
            environment_of(converter)
        except ModelError as error:
            problem = error
            break
    return Target(
        precision=precision,
        format=kind,
        runtimes=names,
        way=tuple(one.name for one in way.converters),
        needs_pictures=any(one.quantizes for one in way.converters),
        missing=problem.message if problem else "",
        hint=problem.hint if problem else "",
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """`1×32×32×3`, with `?` for a size that is free."""
    return "×".join("?" if size == -1 else str(size) for size in shape) or "of unknown shape"
