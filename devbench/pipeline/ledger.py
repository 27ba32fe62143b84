"""The ledger: what was done to a network, step by step, with hashes; each made file has its part of it beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from devbench.files import read_regular, write_whole

CERTIFICATE = "certificate.json"
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step.

    name: recognise, convert, fix or quantize; before these `train`, or another word, where a plugin built the source.
    tool: what did it, with versions in `versions`.
    settings: all that decided what came out. made_from, sha256: of the file before and after.
    pictures: the sha256 of each calibration picture. said: what the tool told, what was changed, what was compared.
    notes: what a user must know of it, with what to do.
    """

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    name: str
    tool: str
    result: str
    sha256: str
    size_bytes: int
    made_from: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    network: bool | None = None


def write_certificate(folder: Path, step: Step) -> None:
    """Put the step's part of the ledger beside the file that it made."""
    write_whole(folder / CERTIFICATE, json.dumps(asdict(step), indent=2).encode())


def birth_of(file: Path, sha256: str) -> Step | None:
    """How a source came to be, if a certificate beside it says that of these very bytes: of a training, say."""
    found = read_certificate(file.parent)
    return found if found and found.sha256 == sha256 else None


def read_certificate(folder: Path) -> Step | None:
    """The step that made the file in `folder`; None if nothing says it."""
    try:
        return TypeAdapter(Step).validate_json(read_regular(folder / CERTIFICATE, _MOST_BYTES))
    except (OSError, ValidationError):
        return None
