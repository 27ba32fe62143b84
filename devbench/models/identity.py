"""What decides the bytes of a file that a plugin makes, as text: for the source that stands for it. Light to import."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_HASH_DIGITS = 12
_MISSING = "missing"


def recipe_hash(*paths: Path) -> str:
    """The start of a sha256 over source code that decides what a file holds: files, and the Python files of folders."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:_HASH_DIGITS]


def installed_version(*distributions: str) -> str:
    """The version of the first of `distributions` that is installed, else "missing"."""
    return next(filter(None, map(version, distributions)), _MISSING)


@cache
def version(distribution: str) -> str:
    """What is installed of it; "" if nothing is."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
