"""Files that plugins build in a process of their own: the process, and the program in it."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from devbench.domain.install import extra_hint
from devbench.errors import ModelError
from devbench.files import sha256_of
from devbench.pipeline.harness import keras_alone
from devbench.pipeline.ledger import Step, write_certificate
from devbench.pipeline.process import ENVIRONMENT, KILLED, ending
from devbench.pipeline.ways import FLOAT
from devbench.places.here import supervised
from devbench.places.process import LineTooLongError, TimeIsUpError, WorkerProcess

_LOG = logging.getLogger("devbench.models")
_GRACE_S = 60.0
_ENDS_WITHIN_S = 60.0
_SAVED_AT = (2020, 1, 1, 0, 0, 0)


def build_file(
    name: str,
    module: str,
    arguments: Sequence[str],
    path: Path,
    *,
    limit_s: float = 1800,
    step: str = "",
    versions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Have `python -m module ARGUMENTS --out path` make the file at `path`; what it says of it when it is done.

    The program is one that `builder_main` leads. Its progress goes to the log. When it ends, is interrupted, or takes
    longer than `limit_s`, nothing of it stays: no process, no temporary file. A `ModelError` says why there is no file.
    name: of what is built, for messages. step: what the ledger calls the building, `train` say: it then begins with
    this step, what the program says of it, and the `versions` of what did it. `seconds` and `peak_memory_bytes` that
    the program says are the step's own.
    """
    # -P: a folder `keras` or file `tensorflow.py` where the user happens to be must not be imported.
    command = [sys.executable, "-P", "-m", module, *arguments, "--out", str(path.resolve())]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="scratch-", ignore_cleanup_errors=True) as scratch:
        builder = WorkerProcess(supervised(command, life_s=limit_s + _GRACE_S), environment={"TMPDIR": scratch})
        try:
            builder.close_input()
            last = _listen(name, builder, time.monotonic() + limit_s)
            status = builder.exit_status(_ENDS_WITHIN_S)
        except TimeIsUpError:
            raise ModelError(f"{name}: the builder was not done within {limit_s:g} s") from None
        except LineTooLongError:
            raise ModelError(f"{name}: the builder's answer is too long") from None
        finally:
            builder.end()
    _judge(name, last, status, builder.log_tail)
    if not path.is_file():
        raise ModelError(f"{name}: the builder says it is done, but {path} is not there")
    done: dict[str, Any] = last["done"] if isinstance(last["done"], dict) else {}
    if step:
        _certify(step, module, arguments, path, done, versions or {})
    return done


def _certify(
    step: str, module: str, arguments: Sequence[str], path: Path, done: Mapping[str, Any], versions: Mapping[str, str]
) -> None:
    """Put beside the file how it came to be."""
    told = {name: str(value) for name, value in done.items() if name not in ("seconds", "peak_memory_bytes")}
    about = Step(
        name=step,
        tool=module.partition(".")[0],
        result=f"{path.suffix.removeprefix('.')} ({FLOAT})",
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        versions=dict(versions),
        settings={"arguments": " ".join(arguments)},
        said=told,
        seconds=round(float(done.get("seconds", 0)), 3),
        peak_memory_bytes=int(done.get("peak_memory_bytes", 0)),
    )
    write_certificate(path.parent, about)


def _listen(name: str, builder: WorkerProcess, deadline_s: float) -> dict[str, Any]:
    """The builder's last answer, when it has ended."""
    last: dict[str, Any] = {}
    while (line := builder.read_line(deadline_s)) is not None:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ModelError(f"{name}: the builder's answer is not valid: {line[:200]!r}")
        last = answer
        if "progress" in answer:
            _LOG.info("%s", answer["progress"])
    return last


def _judge(name: str, last: Mapping[str, Any], status: int | None, tail: str) -> None:
    if "error" in last:
        raise ModelError(str(last["error"]), str(last.get("hint", "")))
    if status == 0 and "done" in last:
        return
    message = f"{name}: the builder {ending(status)}"
    if "progress" in last:
        message += f", after it said '{last['progress']}'"
    if tail:
        message += f"; the end of what it printed:\n{tail}"
    raise ModelError(message, "Building needs up to 4 GB of free memory." if status in KILLED else "")


def builder_main(make: Callable[[Callable[[str], None]], Mapping[str, Any]]) -> int:
    """What a builder's program does: call `make`, say what it raises, or that it is done; returns the exit status.

    make: is given a function that tells how it goes, and returns facts about the file that it has written. Whatever
    else is printed, by native code too, goes to stderr.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ.update(ENVIRONMENT)
    os.environ.pop("TF_USE_LEGACY_KERAS", None)

    def tell(**answer: Any) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        done = make(lambda text: tell(progress=text))
    except ModelError as error:
        tell(error=error.message, hint=error.hint)
        return 1
    tell(done=dict(done))
    return 0


def load_tensorflow(extra: str) -> None:
    """Load it so that it computes the same bytes every time; a `ModelError` names the extra if it is not installed."""
    try:
        with keras_alone():
            import tensorflow as tf
    except ImportError as error:
        raise ModelError(
            f"Models are built with TensorFlow, which cannot be loaded: {error}", extra_hint(extra)
        ) from error
    tf.config.experimental.enable_op_determinism()
    # The number of threads decides in which order sums are made: one more core, and the bytes differ.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def save_keras(network: Any, path: Path) -> None:
    """Write a Keras network to `path`, the same bytes every time: Keras notes the hour, and addresses in memory."""
    part = path.with_name(f"part-{path.name}")
    network.save(part)
    with zipfile.ZipFile(part) as saved, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(saved.namelist()):
            with saved.open(name) as member, archive.open(zipfile.ZipInfo(name, _SAVED_AT), "w") as out:
                if name == "metadata.json":
                    about = json.load(member)
                    about.pop("date_saved", None)
                    out.write(json.dumps(about, sort_keys=True).encode())
                elif name == "config.json":
                    out.write(json.dumps(_numbered(json.load(member), {})).encode())
                else:
                    while data := member.read(1 << 20):
                        out.write(data)
    part.unlink()


def _numbered(config: Any, known: dict[Any, int]) -> Any:
    """The configuration with its shared objects numbered in their order, instead of by where they were in memory."""
    if isinstance(config, list):
        return [_numbered(one, known) for one in config]
    if not isinstance(config, dict):
        return config
    found = {name: _numbered(value, known) for name, value in config.items()}
    if isinstance(found.get("shared_object_id"), int):
        found["shared_object_id"] = known.setdefault(found["shared_object_id"], len(known) + 1)
    return found
