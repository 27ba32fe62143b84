"""Reads lab.yaml: the places of one laboratory, and which interpreter each runs the worker with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from devbench.domain.place import Place
from devbench.suites.mistakes import note_mistakes
from devbench.suites.names import nearest
from devbench.suites.yaml_file import read_yaml


def _for_every_runtime(value: Any) -> Any:
    return {"": value} if isinstance(value, str) else value


class PlaceFormat(BaseModel):
    """One place. python: an interpreter, or one for each runtime; relative paths start at lab.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    device: str
    python: Annotated[
        dict[str, str], BeforeValidator(_for_every_runtime, json_schema_input_type=str | dict[str, str])
    ] = {}

    @field_validator("device")
    @classmethod
    def _device_is_known(cls, name: str, info: ValidationInfo) -> str:
        known: tuple[str, ...] = info.context or ()
        if name not in known:
            raise PydanticCustomError(
                "unknown_name",
                "unknown device '{name}'{nearest}",
                {"name": name, "nearest": nearest(name, known)},
            )
        return name


class LabFormat(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    places: list[PlaceFormat]


_KEYS = {(): tuple(LabFormat.model_fields), ("places",): tuple(PlaceFormat.model_fields)}


def read_lab(path: Path, devices: tuple[str, ...]) -> list[Place]:
    """The places in the file at `path`; a `SuiteError` lists every mistake with line and column."""
    file = read_yaml(path)
    try:
        lab = LabFormat.model_validate(file.data, context=devices)
    except ValidationError as error:
        note_mistakes(file, error, _KEYS)
        file.raise_mistakes()
        raise
    return [
        Place(name=place.name, device=place.device, python=_interpreters(place.python, path.parent))
        for place in lab.places
    ]


def _interpreters(python: Mapping[str, str], base: Path) -> dict[str, str]:
    """A bare name is looked up on PATH; anything with a slash is a path, from the lab file's folder."""
    return {
        runtime: str(base.absolute() / Path(name).expanduser()) if "/" in name else name
        for runtime, name in python.items()
    }
