"""The cache of fetched and built models: keyed by all that makes a file, checked by its content at every use."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.model import Variant
from devbench.errors import DevbenchError, ModelError
from devbench.files import sha256_of, write_whole
from devbench.models.inventory import CARD, DRAFT, lock_of, make_room, mark_needed

if TYPE_CHECKING:
    from filelock import FileLock

_LOG = logging.getLogger("devbench.models")
_LIMIT = "DEVBENCH_CACHE_LIMIT"
_RECENT_S = 600  # what was used so recently is not removed to make room
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
Fetch = Callable[[str, Path], Path]


def cache_folder() -> Path:
    """Where models and workers are kept: $DEVBENCH_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("DEVBENCH_CACHE"):
        # Path.expanduser raises if the user does not exist. Absolute: converters have their own working directory.
        return Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111
    import platformdirs

    return platformdirs.user_cache_path("devbench")


def cache_limit() -> float:
    """How many bytes the cache may hold: $DEVBENCH_CACHE_LIMIT, else 10 GiB; `none` is infinity."""
    chosen = os.environ.get(_LIMIT, "") or "10G"
    if chosen == "none":
        return inf
    try:
        return parse_size(chosen)
    except ValueError as error:
        raise DevbenchError(f"{_LIMIT}: {error}", "Write `20G`, for instance, or `none` for no limit.") from error


def parse_size(text: str) -> int:
    """Bytes of `500M`, `10 GiB` or `1.5T`, counted in 1024; a ValueError says that it is not a size."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([KMGT]?)(?:i?B)?", text.strip())
    if not found:
        raise ValueError(f"'{text}' is not a size such as 500M or 10G")
    return int(float(found[1]) * _UNITS[found[2]])


def cached_model(name: str, source: str, make: Fetch) -> Path:
    """The file that `source` stands for: from the cache, or made now by `make(source, folder)`, which returns its path.

    source: must name everything that decides the file's bytes. Other files that `make` leaves in the folder stay
    beside it. Two processes that want the same one wait in line; a half-made file is never found.
    """
    return ModelCache(cache_folder() / "models").get(name, Variant(precision="", format="", source=source), make)


def keep_within_limit(models: Path) -> None:
    """Make room in the cache that the folder `models` is of, if it holds more than it may."""
    limit_bytes = cache_limit()
    try:
        left = make_room(models, limit_bytes, _RECENT_S)
    except OSError as error:
        _LOG.warning("%s: no room can be made there: %s", models, error.strerror or error)
        return
    if left > limit_bytes:
        sizes = f"holds {left / _UNITS['G']:.1f} GiB, and its limit is {limit_bytes / _UNITS['G']:.1f} GiB"
        _LOG.warning("the cache %s: all that is left is needed, or was just used (`devbench cache`)", sizes)


class ModelCache:
    """A folder with one entry for each source; an entry holds the file and a card with its sha256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, model: str, variant: Variant) -> Path | None:
        """The file of `variant`, if it is here and still what it was."""
        entry = self._entry(model, variant)
        try:
            card = json.loads((entry / CARD).read_text())
            path = entry / str(card["file"])
            if sha256_of(path) == card["sha256"]:
                return path
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            pass
        _LOG.warning("%s: the cached file is damaged, so it is made again", model)
        return None

    def has(self, model: str, variant: Variant) -> bool:
        """Whether there is an entry for `variant`; that its file is sound is seen when it is used."""
        return os.path.exists(self._entry(model, variant) / CARD)  # noqa: PTH110 - Path.exists raises without permission to look

    def get(self, model: str, variant: Variant, fetch: Fetch) -> Path:
        """The file of `variant`, fetched now if it must be; two processes that want the same one wait in line."""
        entry = self._entry(model, variant)
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            with self._lock(entry, model):
                found = self.find(model, variant)
                path = found or self._fetch_into(entry, variant.source, fetch)
        except OSError as error:
            raise ModelError(
                f"{model}: cannot write to the cache at {self._folder}: {error.strerror or error}",
                "Free some space or permissions there, or set DEVBENCH_CACHE to another folder.",
            ) from error
        with suppress(OSError):  # a cache that can only be read still serves
            os.utime(entry / CARD)  # what was not used for longest goes first
        if not found:
            keep_within_limit(self._folder)
        return path

    def keep(self, path: Path, run_folder: Path) -> None:
        """Do not remove the model that the file at `path` is of, if it is one of the cache's, while the run goes on."""
        if not path.is_relative_to(self._folder):
            return
        try:
            mark_needed(self._folder / path.relative_to(self._folder).parts[0], run_folder)
        except OSError as error:
            _LOG.warning("%s: cannot be marked as needed: %s", path, error.strerror or error)

    def _entry(self, model: str, variant: Variant) -> Path:
        key = hashlib.sha256(variant.source.encode()).hexdigest()[:20]
        return self._folder / f"{model}-{key}"

    def _lock(self, entry: Path, model: str) -> FileLock:
        from filelock import FileLock, Timeout

        lock = FileLock(lock_of(entry))
        try:
            lock.acquire(timeout=0)
            lock.release()
        except Timeout:
            _LOG.info("%s: waiting for another devbench that is making it", model)
        return lock

    def _fetch_into(self, entry: Path, source: str, fetch: Fetch) -> Path:
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=entry.parent))
        try:
            file = fetch(source, draft)
            card = {
                "source": source,
                "file": str(file.relative_to(draft)),
                "sha256": sha256_of(file),
                "size_bytes": file.stat().st_size,
                "made_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            write_whole(draft / CARD, json.dumps(card, indent=2).encode())
            shutil.rmtree(entry, ignore_errors=True)
            draft.rename(entry)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return entry / file.relative_to(draft)
