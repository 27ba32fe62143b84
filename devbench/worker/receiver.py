"""Receives files into a cache on the device and becomes the worker, below a supervisor. Python 3.6, standard library.

It travels as text ahead of everything else, into a Python that was started over ssh, and it takes turns with the host:

    host    one JSON line: cache, limit_bytes, files (name, sha256, size; the worker first), runtime, life_s
    device  {"event": "missing", "files": [...]}: the positions of those that are not here already
    host    their bytes, one after the other
    device  {"event": "stored", "paths": [...]}, or at any time {"event": "refused", "error": ..., "hint": ...}

From then on the worker speaks. Files are locked as long as they are used, so that no other run makes room with them.
"""

import fcntl
import hashlib
import json
import os
import sys

from .supervisor import NOT_STARTED, supervise

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import IO, Any, BinaryIO, Dict, Iterator, List, Optional, Tuple

    Spec = Dict[str, Any]

CHUNK_BYTES = 1 << 16


class RefusedError(Exception):
    """Why the files cannot be stored here, and what to do about it."""

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint


def main(stdin: "BinaryIO") -> int:
    """Return only if there is no worker to become; its supervisors end with its exit status."""
    os.write(1, b"\n")  # a talkative login script may have left half a line
    line = stdin.readline()
    if not line.endswith(b"\n"):
        return 1  # the host is gone already
    order = json.loads(line.decode("utf-8"))
    folder = os.path.expanduser(order["cache"])
    try:
        held = receive(folder, order["files"], order["limit_bytes"], stdin)
    except RefusedError as why:
        _say(event="refused", error=why.error, hint=why.hint)
        return 1
    except OSError as why:
        hint = "Free some space there or correct its permissions, or set `cache:` of the place in lab.yaml."
        _say(event="refused", error="{}: cannot be written: {}".format(folder, why.strerror), hint=hint)
        return 1
    except EOFError:
        return 1
    _say(event="stored", paths=[file.name for file in held])
    supervise(order["life_s"])
    try:
        os.execv(sys.executable, [sys.executable, held[0].name, order["runtime"]])
    finally:
        os._exit(NOT_STARTED)


def receive(folder: str, specs: "List[Spec]", limit_bytes: int, stdin: "BinaryIO") -> "List[BinaryIO]":
    """Every file of `specs`, open, locked, and with the content that its hash says; missing ones are asked for."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    paths = [os.path.join(folder, spec["name"]) for spec in specs]
    found = [_open_sound(path, spec) for path, spec in zip(paths, specs)]
    missing = [index for index, file in enumerate(found) if file is None]
    if missing:
        needed = sum(specs[index]["size"] for index in missing)
        _make_room(folder, needed, limit_bytes, [spec["name"] for spec in specs])
    _say(event="missing", files=missing)
    for index in missing:
        _store(paths[index], specs[index], stdin)
        found[index] = _open_sound(paths[index], specs[index])
        if found[index] is None:
            raise RefusedError(
                "{}: what was written there cannot be read back".format(paths[index]),
                "The storage of that machine may be failing, or another program clears the folder.",
            )
    return [file for file in found if file is not None]


def _open_sound(path: str, spec: "Spec") -> "Optional[BinaryIO]":
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        return None
    _lock(file, fcntl.LOCK_SH)
    if os.fstat(file.fileno()).st_nlink == 0 or _sha256(file) != spec["sha256"]:
        file.close()
        return None
    try:
        os.utime(path)  # the cache gives up what was not used for longest
    except OSError:
        pass  # a cache that can only be read still serves
    return file


def _sha256(file: "BinaryIO") -> str:
    digest = hashlib.sha256()
    for data in iter(lambda: file.read(CHUNK_BYTES), b""):
        digest.update(data)
    return digest.hexdigest()


def _lock(file: "IO[bytes]", how: int) -> bool:
    """False if another process holds it; network file systems without locks count as nobody's."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _store(path: str, spec: "Spec", stdin: "BinaryIO") -> None:
    """Write one file from the line, whole or not at all."""
    draft = "{}.{}.tmp".format(path, os.getpid())
    try:
        with open(draft, "wb") as file:
            _lock(file, fcntl.LOCK_EX)
            digest = _copy(stdin, file, spec["size"])
            file.flush()
            os.fsync(file.fileno())
        _check(digest, spec)
        os.rename(draft, path)
    except BaseException:
        if os.path.exists(draft):
            os.unlink(draft)
        raise


def _copy(source: "BinaryIO", file: "IO[bytes]", left: int) -> str:
    digest = hashlib.sha256()
    while left:
        data = source.read(min(left, CHUNK_BYTES))
        if not data:
            raise EOFError
        file.write(data)
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()


def _check(digest: str, spec: "Spec") -> None:
    if digest != spec["sha256"]:
        raise RefusedError(
            "{} arrived with different content than when the run began".format(spec["name"]),
            "Was the file changed on this machine meanwhile? Start a new run.",
        )


def _make_room(folder: str, needed: int, limit_bytes: int, keep: "List[str]") -> None:
    """Remove what was not used for longest until `needed` bytes fit into the limit and onto the disk."""
    files = sorted(_files(folder))
    used = sum(size for _, size, _ in files)
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    for _, size, path in files:
        if used + needed <= limit_bytes and needed <= free:
            return
        if os.path.basename(path) not in keep and _remove_unused(path):
            used -= size
            free += size
    if used + needed > limit_bytes:
        raise RefusedError(
            "{}: {} more do not fit into its limit of {}".format(folder, _mib(needed), _mib(limit_bytes)),
            "Raise `cache_mib` of the place in lab.yaml.",
        )
    if needed > free:
        raise RefusedError(
            "{}: no space left: {} are needed and {} are free".format(folder, _mib(needed), _mib(free)),
            "Free some space there, or set `cache:` of the place in lab.yaml to a folder on another disk.",
        )


def _files(folder: str) -> "Iterator[Tuple[float, int, str]]":
    """(last use, size, path) of each file in the cache."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        try:
            about = os.stat(path)
        except OSError:  # another run has just removed it
            continue
        if os.path.isfile(path):
            yield about.st_mtime, about.st_size, path


def _remove_unused(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            if not _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                return False
            os.unlink(path)
    except FileNotFoundError:
        pass
    return True


def _mib(size: float) -> str:
    return "{:.1f} MiB".format(size / 1048576.0)


def _say(**message: object) -> None:
    data = json.dumps(message).encode("ascii") + b"\n"
    while data:
        data = data[os.write(1, data) :]
