"""datapackage.json: what each CSV of a folder is, where it comes from, and what its columns mean.

The format is Frictionless Data Package 1 with Table Schema (https://specs.frictionlessdata.io); what it has no
word for stands under names that begin with `devbench:`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devbench.domain.columns import COLUMNS, SCHEMA, Column
from devbench.errors import ResultsFileError
from devbench.files import read_regular, write_whole

PACKAGE_FILE = "datapackage.json"
SCHEMA_FILE = "results.schema.json"
_NOTES = "devbench:notes"
_LARGEST_BYTES = 256 << 20
_TYPES = {"count": "integer", "positive": "number", "number": "number"}


@dataclass(frozen=True, kw_only=True)
class PackagedFile:
    """One CSV. file: its name in the folder. date: of the publication; "" is unknown. facts: what else to record."""

    file: str
    title: str
    path: str = ""
    date: str = ""
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_package(folder: Path, name: str, sources: Sequence[PackagedFile]) -> Path:
    """Describe these CSVs in the folder's datapackage.json, beside those that it describes already; its path."""
    from filelock import FileLock

    path = folder / PACKAGE_FILE
    with FileLock(folder / f".{PACKAGE_FILE}.lock"):
        package = _read(path) if path.exists() else _empty(name)
        described = {one["path"]: one for one in package["resources"]}
        for source in sources:
            described[source.file] = _resource(folder, source)
        package["resources"] = [described[file] for file in sorted(described)]
        write_whole(folder / SCHEMA_FILE, _json(table_schema()))
        write_whole(path, _json(package))
    return path


def notes_on(csv: Path) -> list[str]:
    """What a reader of the CSV must know, as the datapackage.json beside it says; nothing if there is none."""
    found = resource_of(csv)
    if found is None:
        return []
    where = [one.get("path") or one.get("title") or "" for one in found.get("sources", [])]
    changed = [] if is_as_described(csv) else ["It is not the file that its datapackage.json describes."]
    return [*changed, f"Source: {', '.join(where)}.", *found.get(_NOTES, [])]


def is_as_described(csv: Path) -> bool | None:
    """Whether the CSV is the file that the datapackage.json beside it describes; None if none does."""
    found = resource_of(csv)
    return None if found is None else found.get("hash") == _hash(csv)


def copy_results(csv: Path, folder: Path) -> None:
    """Put the CSV, with what its datapackage.json says of it, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / csv.name, _bytes(csv))
    found = resource_of(csv)
    if found is not None:
        path = folder / PACKAGE_FILE
        package = _read(path) if path.exists() else _empty("references")
        package["resources"].append(found)
        write_whole(path, _json(package))


def resource_of(csv: Path) -> dict[str, Any] | None:
    """What the datapackage.json beside the CSV says of it; None if nothing."""
    path = csv.parent / PACKAGE_FILE
    if not path.exists():
        return None
    found: list[dict[str, Any]] = [one for one in _read(path)["resources"] if one.get("path") == csv.name]
    return found[0] if found else None


def _read(path: Path) -> dict[str, Any]:
    try:
        package = json.loads(_bytes(path))
        sound = _is_sound(package)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise ResultsFileError(f"{path}: not a data package", "Correct it, or move it away.")
    return {**package, "resources": list(package["resources"])}


def _is_sound(package: Any) -> bool:
    """Whether all that is used of a description is of the right type; raises what Python does where it is not."""
    return all(
        _is_text(one["path"])
        and _is_text(one.get("hash", ""))
        and all(_is_text(origin.get(name, "")) for origin in one.get("sources", []) for name in ("path", "title"))
        and isinstance(notes := one.get("devbench:notes", []), list)
        and all(map(_is_text, notes))
        for one in package["resources"]
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, _LARGEST_BYTES)
    except OSError as error:
        raise ResultsFileError(f"{path}: cannot be read: {error.strerror}") from error


def _hash(path: Path) -> str:
    return f"sha256:{hashlib.sha256(_bytes(path)).hexdigest()}"


def _empty(name: str) -> dict[str, Any]:
    return {"name": name, "profile": "data-package", "resources": []}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _resource(folder: Path, source: PackagedFile) -> dict[str, Any]:
    data = _bytes(folder / source.file)
    return {
        "name": Path(source.file).stem.lower(),
        "path": source.file,
        "profile": "tabular-data-resource",
        "title": source.title,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": _hash(folder / source.file),
        "sources": [{"title": source.title, **({"path": source.path} if source.path else {})}],
        **({"devbench:date": source.date} if source.date else {}),
        _NOTES: list(source.notes),
        **source.facts,
        "schema": SCHEMA_FILE,
    }


def table_schema() -> dict[str, Any]:
    """The Table Schema of a results CSV."""
    return {"devbench:schema": SCHEMA, "fields": [_field(column) for column in COLUMNS], "missingValues": [""]}


def _field(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": column.name,
        "type": _TYPES.get(column.kind, "string"),
        "description": column.meaning,
    }
    if column.unit:
        described["devbench:unit"] = column.unit
    if column.since > 1:
        described["devbench:since"] = column.since
    if column.choices:
        described["constraints"] = {"enum": list(column.choices)}
    elif column.kind in ("positive", "count"):
        described["constraints"] = {"minimum": 0}
    return described
