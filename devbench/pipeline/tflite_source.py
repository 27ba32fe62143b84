"""A `.tflite` file as a source: what stands in it, its metadata, and the traps that can be seen without running it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devbench.domain.making import Preparation
from devbench.models.arithmetic import arithmetic_of
from devbench.models.graph import Graph, read_graph
from devbench.models.guards import guards_of
from devbench.models.tflite_file import TfliteFile, read_tflite
from devbench.models.tflite_metadata import read_metadata
from devbench.pipeline.source import TFLITE, Obstacle, Source

COMPILED = "-custom-op"  # how the operation ends that an accelerator's compiler puts in the place of what it takes
ACCELERATOR = "compiled for an accelerator"


def read_tflite_source(path: Path) -> Source:
    """The file at `path`; a `ModelError` if it is not whole."""
    found = read_tflite(path)
    graph = read_graph(path)
    metadata = read_metadata(path)
    about = {"operations": str(sum(found.operations.values()))}
    if metadata and metadata.name:
        about["calls itself"] = metadata.name
    return Source(
        path=path,
        format=TFLITE,
        files=(path,),
        precision=found.precision,
        arithmetic=ACCELERATOR if is_compiled(found) else arithmetic_of(graph),
        inputs=found.inputs,
        outputs=found.outputs,
        labels=metadata.labels if metadata else (),
        preparation=metadata.preparation if metadata else None,
        about=about,
        obstacles=tuple(_obstacles(found, graph, metadata.preparation if metadata else None)),
    )


def is_compiled(found: TfliteFile) -> bool:
    """Whether a compiler has put operations of its own into it."""
    return any(name.endswith(COMPILED) for name in found.operations)


def _obstacles(found: TfliteFile, graph: Graph, prepared: Preparation | None) -> Iterator[Obstacle]:
    if is_compiled(found):
        text = "it is compiled for an accelerator, and only that runs it"
        hint = "Name it as `compiled:` beside the file that it was compiled from: without that, there is no baseline."
        yield Obstacle(text=text, hint=hint)
    yield from (Obstacle(text=one.text, hint=one.hint, fatal=one.fatal) for one in guards_of(graph, prepared))
