"""What is in the cache: how large, when last used, and what of it must stay. Nothing else in its folder is touched."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devbench.files import read_regular, write_whole

CARD = "artifact.json"
DRAFT = ".making-"
WORKERS = "workers"
_MODEL = re.compile(r"(.+)-[0-9a-f]{20}")
_ENGINE = re.compile(r"(.+-[0-9a-f]{20})\..+")
_LARGEST_RUN_BYTES = 256 << 20
_WORKER_AT_WORK_S = 3600  # a round is over within it, and so is the building of an engine
Kind = Literal["model", "worker", "engine", "leftover"]


@dataclass(frozen=True, kw_only=True)
class CacheEntry:
    """What is kept, or removed, as one.

    name: of a model as suites and users call it. used_s: when it was last used, in seconds since 1970.
    source: what a model was made from.
    """

    kind: Kind
    name: str
    paths: tuple[Path, ...]
    size_bytes: int
    used_s: float
    source: str = ""


def entries(models: Path) -> list[CacheEntry]:
    """All that is in the folder `models` and in `workers` beside it: what was not used for longest comes first."""
    found = [*_models(models), *_workers(models.with_name(WORKERS))]
    return sorted(found, key=lambda entry: entry.used_s)


def mark_needed(entry: Path, run_folder: Path) -> None:
    """Keep the model at `entry` for as long as the run in `run_folder` is unfinished. Raises OSError."""
    where = str(run_folder.resolve())
    marks = _marks(entry)
    marks.mkdir(exist_ok=True)
    write_whole(marks / hashlib.sha256(where.encode()).hexdigest()[:20], where.encode())


def why_needed(entry: CacheEntry) -> str:
    """Why it must stay; "" if it need not."""
    if entry.kind == "model":
        return next((f"the unfinished run {run} needs it" for run in _unfinished_runs(entry.paths[0])), "")
    minutes = (time.time() - entry.used_s) / 60
    return "" if minutes > _WORKER_AT_WORK_S / 60 else f"it was used {max(minutes, 0):.0f} min ago"


def remove(entry: CacheEntry) -> str:
    """Remove it, unless it is needed; the reason why it was not removed. Raises OSError."""
    from filelock import FileLock, Timeout

    if entry.kind != "model":
        if why := why_needed(entry):
            return why
        for path in entry.paths:
            _remove_path(path)
        return ""
    try:
        with FileLock(lock_of(entry.paths[0]), timeout=0):
            if why := why_needed(entry):
                return why
            for path in (*entry.paths, _marks(entry.paths[0])):
                _remove_path(path)
    except Timeout:
        return "another devbench is making or checking it"
    return ""


def make_room(models: Path, limit_bytes: float, recent_s: float) -> float:
    """Remove what was not used for longest until the rest is within the limit; how many bytes are left. Raises OSError.

    recent_s: what was used within so many seconds stays, and so does what is needed.
    """
    found = entries(models)
    left = sum(entry.size_bytes for entry in found)
    for entry in found:
        if left <= limit_bytes or entry.used_s > time.time() - recent_s:
            break
        if not remove(entry):
            left -= entry.size_bytes
    return left


def lock_of(entry: Path) -> Path:
    """The file that is locked while the model at `entry` is made, checked or removed."""
    return entry.with_name(f"{entry.name}.lock")


def _marks(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.runs")


def _unfinished_runs(entry: Path) -> Iterator[str]:
    """Those that have marked the model. The marks of runs that are finished or gone are removed."""
    for mark in _listed(_marks(entry)):
        with contextlib.suppress(OSError, ValueError):
            run = mark.read_text()
            if _is_unfinished(Path(run) / "run.json"):
                yield run
            else:
                mark.unlink()


def _is_unfinished(run_file: Path) -> bool:
    """A run.json that cannot be read may be that of an unfinished run; one that is gone is not."""
    try:
        return not json.loads(read_regular(run_file, _LARGEST_RUN_BYTES))["finished_utc"]
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _models(folder: Path) -> Iterator[CacheEntry]:
    for path in _listed(folder):
        if not path.is_dir() or path.is_symlink():
            continue
        if path.name.startswith(DRAFT):
            yield _entry("leftover", path.name, (path,))
        elif found := _MODEL.fullmatch(path.name):
            yield _entry("model", found[1], (path,), source=_source(path), used_by=path / CARD)


def _workers(folder: Path) -> Iterator[CacheEntry]:
    """The worker's archives, and the engines that it has built: several files of one name and hash."""
    groups: dict[str, list[Path]] = {}
    for path in _listed(folder):
        engine = _ENGINE.fullmatch(path.name)
        groups.setdefault(engine[1] if engine else path.name, []).append(path)
    for name, paths in groups.items():
        archive = name.startswith("devbench-worker-") and name.endswith(".pyz")
        kind: Kind = "worker" if archive else "engine" if _ENGINE.fullmatch(paths[0].name) else "leftover"
        yield _entry(kind, name, tuple(paths))


def _entry(
    kind: Kind, name: str, paths: tuple[Path, ...], *, source: str = "", used_by: Path | None = None
) -> CacheEntry:
    about = []
    for file in (file for path in paths for file in _files(path)):
        with contextlib.suppress(OSError):  # another devbench has just removed it
            about.append(file.lstat())
    used_s = max((one.st_mtime for one in about), default=0.0)
    if used_by:
        with contextlib.suppress(OSError):
            used_s = used_by.stat().st_mtime
    return CacheEntry(
        kind=kind, name=name, paths=paths, size_bytes=sum(one.st_size for one in about), used_s=used_s, source=source
    )


def _files(path: Path) -> Iterator[Path]:
    """The path and all files below it. What vanishes meanwhile is left out, unlike with `Path.rglob`."""
    yield path
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)


def _source(entry: Path) -> str:
    try:
        return str(json.loads((entry / CARD).read_text())["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return "damaged"


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _remove_path(path: Path) -> None:
    """A model's folder first gets another name, so that nobody finds half of it."""
    if path.is_dir() and not path.is_symlink():
        doomed = path.with_name(f"{DRAFT}removed-{os.getpid()}-{path.name}")
        with contextlib.suppress(FileNotFoundError):
            path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
