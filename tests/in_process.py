"""The command line in the process of the tests: what a user sees of it, without the start of a Python for each call."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from devbench.cli.app import run_app


def call(arguments: list[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `devbench ARGUMENTS` in `folder` with the environment `env`, and leave this process as it was.

    What the programs that it starts print is caught too, and an exception that leaves it is a traceback and status 1.
    """
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
        _environment(env),
        contextlib.chdir(folder),
        _modules_of(env.get("PYTHONPATH", "")),
        _printing_to(out, errors),
        warnings.catch_warnings(),
        _model_log(),
    ):
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        try:
            status = run_app(arguments)
        except SystemExit as end:
            status = _status(end.code)
        except Exception:  # noqa: BLE001 - what Python itself does with one
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        return subprocess.CompletedProcess(arguments, status, _text(out), _text(errors))


def _status(code: object) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        _replace_environment(env)
        yield
    finally:
        _replace_environment(before)


def _replace_environment(env: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(env):
        del os.environ[name]
    os.environ.update(env)


@contextlib.contextmanager
def _modules_of(python_path: str) -> Iterator[None]:
    """Import from these folders too, as a Python does that is started with them; nothing of them stays."""
    folders = [folder for folder in python_path.split(os.pathsep) if folder and folder not in sys.path]
    before = sys.path[:]
    sys.path[:0] = folders
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
        for name, module in list(sys.modules.items()):
            if any((getattr(module, "__file__", None) or "").startswith(f"{folder}/") for folder in folders):
                del sys.modules[name]
        importlib.invalidate_caches()


@contextlib.contextmanager
def _printing_to(out: BinaryIO, errors: BinaryIO) -> Iterator[None]:
    """Send descriptors 1 and 2 and the streams over them there."""
    streams = sys.stdout, sys.stderr
    streams[0].flush()
    streams[1].flush()
    with _descriptor(1, out), _descriptor(2, errors):
        sys.stdout, sys.stderr = _stream(1), _stream(2)
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            sys.stdout, sys.stderr = streams


def _stream(number: int) -> io.TextIOWrapper:
    return open(number, "w", encoding="utf-8", errors="backslashreplace" if number == 2 else "strict", closefd=False)


@contextlib.contextmanager
def _model_log() -> Iterator[None]:
    """What progress is listening to."""
    log = logging.getLogger("devbench.models")
    before = log.handlers, log.level, log.propagate
    try:
        yield
    finally:
        log.handlers, log.level, log.propagate = before


@contextlib.contextmanager
def _descriptor(number: int, file: BinaryIO) -> Iterator[None]:
    before = os.dup(number)
    try:
        os.dup2(file.fileno(), number)
        yield
    finally:
        os.dup2(before, number)
        os.close(before)
