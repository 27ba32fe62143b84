"""run.json as text and back."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from devbench.domain.run import SCHEMA, Run
from devbench.errors import RunFolderError

_RUN: TypeAdapter[Run] = TypeAdapter(Run)


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
