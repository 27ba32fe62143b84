"""A source that was built here says how, as the first step of the ledger; one that was changed since does not."""

from __future__ import annotations

from pathlib import Path

from devbench.domain.making import Making
from devbench.domain.model import Variant
from devbench.files import sha256_of
from devbench.models.cache import ModelCache
from devbench.pipeline.ledger import Step, write_certificate
from devbench.pipeline.maker import Maker
from tests.tiny_tflite import classifier


def test_the_ledger_begins_with_how_the_source_came_to_be(tmp_path: Path) -> None:
    path = classifier(tmp_path / "net.tflite")
    about = Step(
        name="train", tool="me", result="tflite (int8)", sha256=sha256_of(path), size_bytes=1, seconds=16.2,
        said={"on": "two pictures"},
    )  # fmt: skip
    write_certificate(tmp_path, about)
    variant = Variant(
        precision="int8", format="tflite", source=str(path), making=Making(formats=("tflite",), precision="int8")
    )

    def made() -> tuple[list[str], str]:
        found = Maker(cache=ModelCache(tmp_path / "cache"), fetch=lambda _, into: into, converters={}).make(
            "net", variant
        )
        return [one.name for one in found.steps], found.artifact.facts.get("trained", "")

    assert made() == (["train", "recognise"], "in 16 s, on two pictures")
    path.write_bytes(path.read_bytes() + b"\0")
    assert made() == (["recognise"], "")
