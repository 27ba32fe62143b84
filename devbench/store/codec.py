"""run.json as text and back."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from devbench.domain.outcome import OutputTensor
from devbench.domain.run import SCHEMA, Run
from devbench.errors import RunFolderError

_RUN: TypeAdapter[Run] = TypeAdapter(Run)
_OUTPUTS: TypeAdapter[tuple[OutputTensor, ...]] = TypeAdapter(
    tuple[OutputTensor, ...], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
)


def encode_run(run: Run) -> bytes:
    """`run` as indented JSON."""
    return _RUN.dump_json(run, indent=2) + b"\n"


def decode_run(data: bytes, path: Path) -> Run:
    """The run in `data`; `path` is what errors call it."""
    try:
        schema = json.loads(data)["schema"]
        if schema != SCHEMA:
            raise RunFolderError(
                f"{path}: has schema {schema}, and this devbench reads {SCHEMA}",
                "Use the devbench that made it, or a newer one.",
            )
        return _RUN.validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RunFolderError(f"{path}: not a run.json of devbench: {where}: {first['msg']}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f"{path}: not a run.json of devbench", "Is the file whole?") from error


def encode_outputs(outputs: tuple[OutputTensor, ...]) -> bytes:
    """`outputs` as JSON, their bytes in base64."""
    return _OUTPUTS.dump_json(outputs) + b"\n"


def decode_outputs(data: bytes) -> tuple[OutputTensor, ...]:
    """The outputs in `data`."""
    try:
        return _OUTPUTS.validate_json(data)
    except ValidationError as error:
        raise RunFolderError("the file of outputs is damaged") from error
