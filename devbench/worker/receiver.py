"""Receives files into a cache on the device, starts the worker, and sees to its end. Python 3.6, standard library.

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
import select
import signal
import sys
import threading
import time

CHUNK_BYTES = 1 << 16
GRACE_S = 1
PEER_CLOSED = getattr(select, "POLLRDHUP", 0)  # Linux: a socket whose other end will send no more


class RefusedError(Exception):
    """Why the files cannot be had here, and what to do about it."""

    def __init__(self, error, hint):
        super().__init__(error)
        self.error = error
        self.hint = hint


def main(stdin):
    """The exit status is the worker's own, or 128 and the number of the signal that ended it."""
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
        hint = "Free some space there or mend its permissions, or set `cache:` of the place in lab.yaml."
        _say(event="refused", error="{}: cannot be written: {}".format(folder, why.strerror), hint=hint)
        return 1
    except EOFError:
        return 1
    _say(event="stored", paths=[file.name for file in held])
    return run(held[0].name, order["runtime"], order["life_s"])


def receive(folder, specs, limit_bytes, stdin):
    """Every file of `specs`, open, locked, and with the content that its hash says; missing ones are asked for."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    paths = [os.path.join(folder, spec["name"]) for spec in specs]
    held = [_open_sound(path, spec) for path, spec in zip(paths, specs)]
    missing = [index for index, file in enumerate(held) if file is None]
    if missing:
        needed = sum(specs[index]["size"] for index in missing)
        _make_room(folder, needed, limit_bytes, [spec["name"] for spec in specs])
    _say(event="missing", files=missing)
    for index in missing:
        _store(paths[index], specs[index], stdin)
        held[index] = _open_sound(paths[index], specs[index])
        if held[index] is None:
            raise RefusedError(
                "{}: what was written there cannot be read back".format(paths[index]),
                "The storage of that machine may be failing, or another program clears the folder.",
            )
    return held


def run(worker, runtime, life_s):
    """Run the worker to its end, and end it when the host is gone or `life_s` are over.

    This is another process than the worker because a native call can keep the interpreter's lock for ever.
    """
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.execv(sys.executable, [sys.executable, worker, runtime])
        finally:
            os._exit(127)
    watch = threading.Thread(target=_end_without_host, args=(child, life_s))
    watch.daemon = True
    watch.start()
    status = os.waitpid(child, 0)[1]
    _kill(child)  # whatever it has started
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _end_without_host(child, life_s):
    line = select.poll()
    line.register(0, PEER_CLOSED)  # what the host sends is the worker's to read; the end of it wakes both
    line.poll(life_s * 1000)
    time.sleep(GRACE_S)  # in which a worker that is able to ends by itself, and lets go of its device
    _kill(child)
    try:
        os.kill(child, signal.SIGKILL)  # if it has no group of its own yet
    except OSError:
        pass


def _kill(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass


def _open_sound(path, spec):
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


def _sha256(file):
    digest = hashlib.sha256()
    for data in iter(lambda: file.read(CHUNK_BYTES), b""):
        digest.update(data)
    return digest.hexdigest()


def _lock(file, how):
    """False if another process holds it; network file systems without locks count as nobody's."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _store(path, spec, stdin):
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


def _copy(source, file, left):
    digest = hashlib.sha256()
    while left:
        data = source.read(min(left, CHUNK_BYTES))
        if not data:
            raise EOFError
        file.write(data)
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()


def _check(digest, spec):
    if digest != spec["sha256"]:
        raise RefusedError(
            "{} arrived with another content than it had when the run began".format(spec["name"]),
            "Was the file changed on this machine meanwhile? Start a new run.",
        )


def _make_room(folder, needed, limit_bytes, keep):
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


def _files(folder):
    """(last use, size, path) of each file in the cache."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        try:
            about = os.stat(path)
        except OSError:  # another run has just removed it
            continue
        if os.path.isfile(path):
            yield about.st_mtime, about.st_size, path


def _remove_unused(path):
    try:
        with open(path, "rb") as file:
            if not _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                return False
            os.unlink(path)
    except FileNotFoundError:
        pass
    return True


def _mib(size):
    return "{:.1f} MiB".format(size / 1048576.0)


def _say(**message):
    data = json.dumps(message).encode("ascii") + b"\n"
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer))
