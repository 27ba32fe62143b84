"""The worker as one file: a zipapp with a runtime's engine in it, byte for byte the same whenever it is built."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.files import write_whole

_AHEAD = ("receiver.py", "supervisor.py")  # they start the worker, and are not part of it
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip file can say: the build's own time must not show
# Where Python is told to keep no compiled modules, each round would compile numpy again: half of what a start takes.
_START = b"""import os, sys
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "bytecode")
from devbench_worker.session import main

sys.exit(main(sys.argv[1]))
"""


def worker_archive(engine: Path, folder: Path, parts: Sequence[Path] = ()) -> Path:
    """The archive that holds the worker, `engine` and its `parts`, in `folder`, named by the hash of its bytes."""
    data = archive_bytes(engine, parts)
    path = folder / f"devbench-worker-{hashlib.sha256(data).hexdigest()[:16]}.pyz"
    try:
        if not path.exists() or path.read_bytes() != data:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        else:
            with contextlib.suppress(OSError):  # a cache that can only be read still serves
                os.utime(path)  # what was not used for longest goes first
    except OSError as error:
        raise DevbenchError(
            f"{folder}: cannot be written: {error.strerror}",
            "The worker is kept there. Free some space or permissions, or set DEVBENCH_CACHE to another folder.",
        ) from error
    return path


def archive_bytes(engine: Path, parts: Sequence[Path] = ()) -> bytes:
    """The zipapp's bytes. A part is beside the engine under its own name."""
    files = {"__main__.py": _START, "devbench_worker/engine.py": engine.read_bytes()}
    files |= {f"devbench_worker/{part.name}": part.read_bytes() for part in parts}
    for source in resources.files("devbench.worker").iterdir():
        if source.name.endswith(".py") and source.name not in _AHEAD:
            files[f"devbench_worker/{source.name}"] = source.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
