"""Every command with every kind of bad path, each in a process of its own: it must say what is wrong, and end.

    uv run python -m benchmarks.fuzz.commands [--seed 0] [--count 3000]

The lines are a table, `--count` takes so many of them in a seeded order. As root, the capability to read what others
locked is dropped first.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import NamedTuple, NoReturn

from benchmarks.fuzz.apart import Tally, main
from benchmarks.fuzz.capabilities import drop_access_to_everything
from devbench.cli.app import COMMANDS as COMMAND_NAMES
from devbench.cli.app import run_app
from devbench.cli.setup import load_plugins
from devbench.cli.streams import prepare_streams

RUN = Path(__file__).parents[2] / "tests" / "fixtures" / "run-schema-1"
LIMIT_S = 60.0
X = "{X}"
COMMANDS = (
    ("run", X),
    ("run", X, "--dry-run"),
    ("run", "--resume", X),
    ("run", "failing.yaml", "--out", X),
    ("run", "good.yaml", "--dry-run", "--device", X),
    ("run", "good.yaml", "--dry-run", "--profile", X),
    ("run", "good.yaml", "--dry-run", "--seed", X),
    ("run", "source.yaml", "--out", "new"),  # X is its model
    ("run", "input.yaml", "--out", "new"),  # X is its image
    ("run", "labels.yaml", "--out", "new"),
    ("run", "references.yaml", "--dry-run"),
    ("report", X),
    ("report", "good.csv", X),
    ("report", "good.csv", "--out", X),
    ("report", "good.csv", "--plots", X),
    ("report", "good.csv", "--format", X),
    ("report", "run", "--baseline", X),
    ("report", "run", "--format", "html", "--out", X),
    ("compare", X, X),
    ("compare", "run", X),
    ("compare", "run", "run", "--threshold", X),
    ("publish", X),
    ("publish", "run", "--any-profile", "--out", X),
    ("publish", "run", "--any-profile", "--name", X),
    ("verify", X),
    ("verify", "good.csv", "--runs", X),
    ("check", X),
    ("check", "good.tflite", "--runtime", X),
    ("DEVBENCH_LAB", "devices"),  # X is the variable's value
    ("DEVBENCH_CACHE", "models"),
    ("DEVBENCH_CACHE", "run", "failing.yaml", "--out", "new"),
    ("DEVBENCH_CACHE_LIMIT", "models"),
    ("cache", X),
    ("cache", "clean", X),
    (X,),
    (X, "good.yaml"),
    ("run", X, X),
    ("plugins", X),
)  # fmt: skip
BAD = (
    "pipe", "zero", "full", "null", "socket", "folder", "empty_folder", "locked", "locked_folder", "locked_folder/x",
    "dangling", "loop", "gone", "gone/gone", "empty", "text", "binary", "large", "good.yaml", "lab.yaml", "good.csv",
    "good.tflite", "picture.png", "run", "run/run.json", "run/samples.parquet", "broken_run", "pipe_run", "locked_run",
    "runs", "text/x", "", ".", "/", "-", "--", "-x", "~no-such-user/x", "http://[", "http://h/a b", "a\0b", "\udcff",
    "\ud800", "n" * 300, "n/" * 3000, "a\nb", "\x1b[2Jx", "\u202ex", "1e999", "nan", "-1", "9" * 5000,
)  # fmt: skip
SUITE = "name: s\nmodels: [{name: a, source: %s}]\ndevices: [desktop-cpu]\nmeasure: quick\n"


class Line(NamedTuple):
    """A command with a bad value for its `{X}`."""

    command: tuple[str, ...]
    bad: str

    @property
    def variable(self) -> str:
        """The variable of the environment that has the bad value, if one has."""
        return self.command[0] if self.command[0].isupper() else ""

    @property
    def arguments(self) -> list[str]:
        """The command line without `devbench`."""
        return [self.bad if word == X else word for word in self.command[bool(self.variable) :]]

    def __str__(self) -> str:
        """How to type it."""
        shown = repr(self.bad) if len(self.bad) < 60 else f"{self.bad[:20]!r}... ({len(self.bad)} characters)"
        return " ".join(shown if word == X else word for word in self.command) + (
            f" ({shown})" if X not in self.command else ""
        )


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Give so many of the lines, each in a folder of its own."""
    lines = [Line(command, bad) for command in COMMANDS for bad in BAD]
    Random(seed).shuffle(lines)
    tally = Tally("command line")
    _import_all()
    drop_access_to_everything()
    with tempfile.TemporaryDirectory() as name:
        for number, line in enumerate(lines[:count]):
            folder = Path(name) / str(number) / "folder"
            _fill(folder, line.bad)
            word, said = _outcome(line, folder)
            tally.counts[word] += 1
            if word not in ("read", "refused"):
                tally.findings.append(f"{line}: {word}: {said}")
            _empty(folder.parent)
    yield tally


def _import_all() -> None:
    """Once for all the children."""
    for name in (*COMMAND_NAMES, "page"):
        import_module(f"devbench.cli.{name.replace('-', '_')}")
    import_module("devbench.report.plots.render")
    import_module("pyarrow.parquet")
    import_module("devbench.models.fetch")
    import_module("devbench.settings.changes")
    load_plugins()


def _outcome(line: Line, folder: Path) -> tuple[str, str]:
    """What became of the line, and what it said."""
    start = time.monotonic()
    status = _run(line, folder)
    took_s = time.monotonic() - start
    said = (folder.parent / "said").read_text(errors="replace").strip()
    if took_s > LIMIT_S:
        return "hang", f"{took_s:.0f} s"
    if "Traceback" in said or status not in range(5) or (status and not said):
        return "traceback", f"status {status}: {said[-500:]}"
    return "refused" if status else "read", said


def _run(line: Line, folder: Path) -> int:
    """The exit status; negative for a signal. A child of this process: what it has imported need not be again."""
    child = os.fork()
    if child == 0:
        _be_devbench(line, folder)
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _be_devbench(line: Line, folder: Path) -> NoReturn:
    status = 1
    try:
        os.setsid()
        os.chdir(folder)
        for number, name in enumerate((os.devnull, "../said", "../said")):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
        os.environ.update(DEVBENCH_CACHE=str(folder.parent / "cache"), DEVBENCH_PAGE="0")
        if line.variable:
            os.environb[line.variable.encode()] = os.fsencode(line.bad.translate({0: None, 0xD800: None}))
        prepare_streams()
        status = run_app(line.arguments)
    except BaseException:  # noqa: BLE001 - what is looked for; nothing of it may reach the code that this is a fork of
        traceback.print_exc()
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _fill(folder: Path, bad: str) -> None:
    """Put there what the lines name. Devices by links, so that nobody can replace the real ones."""
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    for name in ("zero", "full", "null"):
        (folder / name).symlink_to(f"/dev/{name}")
    with socket.socket(socket.AF_UNIX) as end, contextlib.chdir(folder):
        end.bind("socket")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    for name in ("folder", "empty_folder", "locked_folder", "broken_run", "pipe_run", "locked_run"):
        (folder / name).mkdir()
    shutil.copytree(RUN, folder / "run")
    shutil.copytree(RUN, folder / "runs" / "20260101T000000Z-old")
    os.mkfifo(folder / "pipe_run" / "run.json")
    with (folder / "large").open("wb") as file:
        file.truncate(1 << 40)  # takes no space
    for name, data in _files(bad).items():
        (folder / name).write_bytes(data)
    for name in ("locked", "locked_run/run.json", "locked_folder"):
        (folder / name).chmod(0)


def _files(bad: str) -> dict[str, bytes]:
    quoted = '"' + bad.encode("unicode_escape").decode().replace('"', r"\"") + '"'
    good = SUITE % "good.tflite"
    return {
        "locked": b"name: s",
        "locked_run/run.json": b"{}",
        "broken_run/run.json": b'{"schema": 1',
        "empty": b"",
        "text": b"hello, world\n",
        "folder/text": b"hello, world\n",
        "binary": bytes(range(256)) * 20,
        "good.yaml": good.encode(),
        "failing.yaml": (SUITE % "gone.tflite").encode(),
        "source.yaml": (SUITE % quoted).encode(),
        "input.yaml": f"{good}input: {quoted}\n".encode(),
        "labels.yaml": f"{good}input: picture.png\nlabels: {quoted}\n".encode(),
        "references.yaml": f"{good}references: [{quoted}]\n".encode(),
        "lab.yaml": b"places: []\n",
        "good.csv": (RUN / "results.csv").read_bytes(),
        "good.tflite": _model(),
        "picture.png": _picture(),
    }


def _picture() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (2, 2)).save(buffer, "PNG")
    return buffer.getvalue()


def _model() -> bytes:
    from tests.tiny_tflite import classifier

    with tempfile.TemporaryDirectory() as folder:
        return classifier(Path(folder) / "x.tflite").read_bytes()


def _empty(folder: Path) -> None:
    (folder / "folder" / "locked_folder").chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(__doc__, kinds)
