"""What was made, as an artifact: what stands in it, what it comes from, and whether it may be measured."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.making import Preparation
from devbench.domain.model import Artifact, Variant
from devbench.errors import ModelError
from devbench.files import sha256_of
from devbench.models.artifact import described
from devbench.models.guards import ISLANDS, guards
from devbench.pipeline.ledger import Step
from devbench.pipeline.source import TFLITE, Source
from devbench.pipeline.ways import Form

_MARK, _MOST_MARKS = 12, 1000  # digits of a picture's sha256 among the facts: those of a test are compared with them


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a runtime loads, the source it comes from, and the steps in between."""

    artifact: Artifact
    source: Source
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Gone:
    """Where a way has led.

    tflite: the last .tflite file on it: what is made of that one computes the same. made: whether a converter gave it.
    """

    path: Path
    steps: list[Step]
    tflite: Path | None
    made: bool


def artifact_of(gone: Gone, form: Form, variant: Variant, precision: str) -> Artifact:
    """What was made. A file in another format has its ends, and what it computes, from the .tflite file before it."""
    if gone.tflite is None or gone.path == gone.tflite:
        return described(gone.path, replace(variant, format=form.format, precision=precision))
    before = described(gone.tflite, replace(variant, format=TFLITE, precision=precision))
    if before.facts.get("dynamic_tensors", "0") != "0":
        raise ModelError(f"{gone.tflite.name}: has sizes that are not fixed", "Convert the model with a fixed input.")
    last = gone.steps[-1]
    return replace(
        before,
        path=gone.path,
        sha256=last.sha256,
        size_bytes=last.size_bytes,
        format=form.format,
        quantization="requantized" if "requantized" in last.said else before.quantization,
        facts={**before.facts, "converted_from_sha256": before.sha256},
    )


def guard(path: Path | None, source: str, preparation: Preparation | None, *, made: bool) -> None:
    """A `ModelError` if the .tflite file would answer wrongly, or if a part of what was made here stayed in float."""
    for one in guards(path, preparation) if path else ():
        if one.fatal or (made and one.name == ISLANDS):
            raise ModelError(f"{source}: {one.text}", one.hint)


def recognised(source: Source) -> Step:
    """The first step: what the source is, and the hash of all its files."""
    return Step(
        name="recognise",
        tool="devbench",
        result=source.title,
        sha256=sha256_of(source.files[0]) if len(source.files) == 1 else _sha256_of_all(source),
        size_bytes=sum(path.stat().st_size for path in source.files),
        settings={"precision": source.precision},
        said={name: value for name, value in source.about.items() if value},
    )


def _sha256_of_all(source: Source) -> str:
    digest = hashlib.sha256()
    for path in source.files:
        digest.update(f"{path.relative_to(source.path if source.path.is_dir() else path.parent)}\0".encode())
        digest.update(bytes.fromhex(sha256_of(path)))
    return digest.hexdigest()


def facts_of(source: Source, steps: Iterable[Step]) -> dict[str, str]:
    """What run.json says of the making."""
    done = [one for one in steps if one.name != "recognise"]
    if not done:
        return {}
    first = next(iter(steps))
    told = [f"{one.name}: {one.tool}" for one in done]
    changed = [one.said["changed"] for one in done if "changed" in one.said]
    shown = [sha256[:_MARK] for one in done for sha256 in one.pictures[:_MOST_MARKS]]
    facts = {"calibrated_with": ",".join(shown)} if shown else {}
    facts |= {"made_from": source.title, "source_sha256": first.sha256, "made_by": ", ".join(told)}
    for one in done:
        if one.name == "train":
            facts["trained"] = ", ".join(
                [f"in {one.seconds:.0f} s", *(f"{key} {text}" for key, text in one.said.items())]
            )
    if notes := [note for one in done for note in one.notes]:
        facts["note"] = " ".join(notes)
    return {**facts, **({"changed": "; ".join(changed)} if changed else {})}
