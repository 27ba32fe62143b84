"""Keeps what an engine has built on the device beside the worker, under a name that holds all that it was made from."""

import contextlib
import fcntl
import hashlib
import json
import os
import pkgutil
import sys
import time

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Callable, Dict, Optional, Tuple

    Facts = Dict[str, str]
    Make = Callable[[], Tuple[bytes, str]]


def folder() -> str:
    """Where it is kept: the folder of the worker itself, which is a cache with a limit on other machines."""
    return os.path.dirname(os.path.abspath(sys.argv[0]))


def name_for(path: str, ending: str, *parts: object) -> str:
    """A file name for what is made of the file at `path` and of `parts`, which are all else that decides its bytes.

    But for the engine's own source, which is always in it.
    """
    digest = hashlib.sha256(pkgutil.get_data(__package__, "engine.py") or b"")
    with open(path, "rb") as file:
        for data in iter(lambda: file.read(1 << 20), b""):
            digest.update(data)
    digest.update(json.dumps(parts).encode("utf-8"))
    return "{}-{}{}".format(os.path.basename(path)[-40:], digest.hexdigest()[:20], ending)


def built_once(name: str, make: "Make") -> "Tuple[str, Facts]":
    """The path of the file `name`, made now if it is not there, and facts about its making.

    make: gives its bytes, and the log of how it was made, which is kept beside it.
    """
    path = os.path.join(folder(), name)
    with open(path + ".lock", "w") as lock:  # two runs that want the same one wait in line
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        return _found(path) or _made(path, make)


def touch(path: str) -> None:
    """Say that the file was used: the cache gives up what was not used for longest."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _found(path: str) -> "Optional[Tuple[str, Facts]]":
    try:
        with open(path + ".json") as file:
            card = json.load(file)
        if os.path.getsize(path) != card["size_bytes"]:
            return None
    except (OSError, ValueError, KeyError):
        return None
    for ending in ("", ".json", ".log", ".lock"):
        touch(path + ending)
    return path, card["facts"]


def _made(path: str, make: "Make") -> "Tuple[str, Facts]":
    begin = time.time()
    data, log = make()
    facts = {
        "engine_build_s": "{:.1f}".format(time.time() - begin),
        "engine_sha256": hashlib.sha256(data).hexdigest(),
        "engine_log": path + ".log",
    }
    _write(path + ".log", log.encode("utf-8", "replace"))
    _write(path, data)
    _write(path + ".json", json.dumps({"size_bytes": len(data), "facts": facts}).encode("ascii"))
    return path, facts


def _write(path: str, data: bytes) -> None:
    """Whole or not at all."""
    draft = "{}.{}.tmp".format(path, os.getpid())
    try:
        with open(draft, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, path)
    except BaseException:
        if os.path.exists(draft):
            os.unlink(draft)
        raise
