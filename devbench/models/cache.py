"""The cache of fetched and built models: keyed by all that makes a file, checked by its content at every use."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.model import Variant
from devbench.errors import ModelError
from devbench.files import sha256_of, write_whole

if TYPE_CHECKING:
    from filelock import FileLock

_LOG = logging.getLogger("devbench.models")
_CARD = "artifact.json"
Fetch = Callable[[str, Path], Path]


def cache_folder() -> Path:
    """Where models and workers are kept: $DEVBENCH_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("DEVBENCH_CACHE"):
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("devbench")


def cached_model(name: str, source: str, make: Fetch) -> Path:
    """The file that `source` stands for: from the cache, or made now by `make(source, folder)`, which returns its path.

    source: must name everything that decides the file's bytes. Other files that `make` leaves in the folder stay
    beside it. Two processes that want the same one wait in line; a half-made file is never found.
    """
    return ModelCache(cache_folder() / "models").get(name, Variant(precision="", format="", source=source), make)


class ModelCache:
    """A folder with one entry for each source; an entry holds the file and a card with its sha256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, model: str, variant: Variant) -> Path | None:
        """The file of `variant`, if it is here and still what it was."""
        entry = self._entry(model, variant)
        try:
            card = json.loads((entry / _CARD).read_text())
            path = entry / str(card["file"])
            if sha256_of(path) == card["sha256"]:
                return path
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            pass
        _LOG.warning("%s: the cached file is damaged, so it is made again", model)
        return None

    def get(self, model: str, variant: Variant, fetch: Fetch) -> Path:
        """The file of `variant`, fetched now if it must be; two processes that want the same one wait in line."""
        entry = self._entry(model, variant)
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            with self._lock(entry, model):
                return self.find(model, variant) or self._fetch_into(entry, variant.source, fetch)
        except OSError as error:
            raise ModelError(
                f"{model}: cannot write to the cache at {self._folder}: {error.strerror or error}",
                "Free some space or permissions there, or set DEVBENCH_CACHE to another folder.",
            ) from error

    def _entry(self, model: str, variant: Variant) -> Path:
        key = hashlib.sha256(variant.source.encode()).hexdigest()[:20]
        return self._folder / f"{model}-{key}"

    def _lock(self, entry: Path, model: str) -> FileLock:
        from filelock import FileLock, Timeout

        lock = FileLock(entry.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
            lock.release()
        except Timeout:
            _LOG.info("%s: waiting for another devbench that is making it", model)
        return lock

    def _fetch_into(self, entry: Path, source: str, fetch: Fetch) -> Path:
        draft = Path(tempfile.mkdtemp(prefix=".making-", dir=entry.parent))
        try:
            file = fetch(source, draft)
            card = {
                "source": source,
                "file": str(file.relative_to(draft)),
                "sha256": sha256_of(file),
                "size_bytes": file.stat().st_size,
                "made_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            write_whole(draft / _CARD, json.dumps(card, indent=2).encode())
            shutil.rmtree(entry, ignore_errors=True)
            draft.rename(entry)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return entry / file.relative_to(draft)
