"""Runs edgetpu_compiler, and says why it failed. No such compiler has been at hand: its text is from public logs."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench import ModelError, Option, supervised

PROGRAM = "edgetpu_compiler"
LOG_FILE = "edgetpu_compiler.log"
TIME_LIMIT_S = 300
_GRACE_S = 30
_SIGNALLED = 128  # with the number of the signal, the exit status of what a signal has ended
_TRIES = 20  # so many time limits in a row, at most, may a search take
_WITH_TIMER = 16  # the first version with a timer of its own
_CHECK = "`devbench check` says which operation it is about."
_SEARCH = "with `compiler_search: true` of the device in the suite, the compiler looks for a smaller part that fits"
_SLOW = (
    "Large activations take the compiler a long time. Use smaller images; or give it more time with"
    " `compiler_timeout_s` of the device in the suite"
)
_TELLING = re.compile(
    r"ERROR|Invalid model|Internal compiler error|Compilation timeout|devbench: |.*[Ff]ailed: |.*not quantized"
)
# In the order in which they are tried: the first text that is found decides.
_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"Compilation timeout|took more than",
        f"{_SLOW}; or, {_SEARCH}.",
    ),
    (r"large activation tensors", f"Use smaller images; or, {_SEARCH}."),
    (r"dynamic-sized tensors", "A size is not fixed: `devbench check` says which, and how to fix it."),
    (r"Model not quantized", "`devbench check` says which tensors are not 8-bit, and why."),
    (r"Didn't find op for builtin opcode", f"The operation is newer than the compiler. {_CHECK}"),
    (
        r"Internal compiler error|terminating with uncaught|killed by",
        f"The compiler crashed, as reports show for some networks. Try it again; or, {_SEARCH}. {_CHECK}",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a suite asks of the compiler.

    min_runtime: the oldest Edge TPU runtime that the file must run with, 0 for the compiler's own choice.
    all_subgraphs: several parts for the TPU instead of one. search: try smaller parts where the largest fails.
    together: files that share the chip's memory with this one, in the order in which they get it.
    """

    min_runtime: int = 0
    all_subgraphs: bool = False
    search: bool = False
    time_limit_s: int = TIME_LIMIT_S
    together: tuple[Path, ...] = ()

    @property
    def flags(self) -> list[str]:
        """Those that decide what the compiled file will be."""
        flags = ["-m", str(self.min_runtime)] if self.min_runtime else []
        return flags + ["-a"] * self.all_subgraphs + ["-d"] * self.search


def settings_of(options: Mapping[str, Option], model: Path) -> Settings:
    """The settings in a suite's options; files to compile together are looked for beside the model."""
    names = re.split(r"[,\s]+", str(options.get("compiler_together") or "").strip())
    return Settings(
        min_runtime=int(options.get("compiler_min_runtime") or 0),
        all_subgraphs=bool(options.get("compiler_all_subgraphs")),
        search=bool(options.get("compiler_search")),
        time_limit_s=int(options.get("compiler_timeout_s") or TIME_LIMIT_S),
        together=tuple(model.parent / name for name in names if name),
    )


def compiler_problem() -> str:
    """Why nothing can be compiled here; "" if the compiler is there."""
    if shutil.which(PROGRAM):
        return ""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return f"{PROGRAM} is for x86-64 Linux only, and this is {platform.system()} on {platform.machine()}"
    return f"{PROGRAM} is not on PATH"


def compiler_version() -> str:
    """What `edgetpu_compiler -v` says, such as `16.0.384591198`."""
    text, _ = _run([PROGRAM, "-v"], time_limit_s=30)
    found = re.search(r"version (\S+)", text)
    if not found:
        raise ModelError(f"{PROGRAM} -v: says no version: {_last(text)}")
    return found[1]


def compile_model(model: Path, settings: Settings, version: str, into: Path) -> Path:
    """Compile `model` into the folder `into`, with the log beside it; a `ModelError` says why it cannot be.

    The log of a failure is kept beside the folder. A file that the compiler leaves then is never used.
    """
    models = _all_models(model, settings.together)
    major = int(version.partition(".")[0]) if version[:1].isdigit() else _WITH_TIMER
    timer = ["-t", str(settings.time_limit_s)] if major >= _WITH_TIMER else []
    command = [PROGRAM, "-s", *timer, *settings.flags, "-o", str(into), *map(str, models)]
    limit_s = settings.time_limit_s * (_TRIES if settings.search else 1) + _GRACE_S
    text, status = _run(command, limit_s)
    compiled = into / f"{model.stem}_edgetpu.tflite"
    if status == 0 and compiled.is_file():
        (into / LOG_FILE).write_text(text)
        return compiled
    log = into.parent / f"{model.stem}-{PROGRAM}-failed.log"
    log.write_text(f"{' '.join(command)}\n{text}")
    cause = _cause(text, status)
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, f"{text} {cause}")), _CHECK)
    raise ModelError(f"{PROGRAM}: {model.name}: {cause}", f"{hint} Its log: {log}")


def _all_models(model: Path, together: Sequence[Path]) -> list[Path]:
    """The model and those that it is compiled together with; it stands where the list has it, or else first."""
    for path in together:
        if not path.is_file():
            raise ModelError(f"{path}: no such file", "`compiler_together` names files beside the model's own.")
    models = list(together) if any(path.samefile(model) for path in together) else [model, *together]
    stems = [path.stem for path in models]
    if twice := next((stem for stem in stems if stems.count(stem) > 1), ""):
        raise ModelError(f"two files to compile together are called {twice}.tflite", "Give one another name.")
    return models


def _run(command: Sequence[str], time_limit_s: int) -> tuple[str, int]:
    """All that the command prints, and its exit status. Whatever ends us, or its time, ends it and all it started."""
    try:
        process = subprocess.Popen(
            supervised(command, life_s=time_limit_s + 60),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ModelError(f"{command[0]}: cannot be started: {error.strerror}") from error
    try:
        text, _ = process.communicate(timeout=time_limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
        text = f"{text}\ndevbench: took more than {time_limit_s} s, and was ended\n"
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return text, process.returncode


def _cause(text: str, status: int) -> str:
    """The lines that say why, of a compilation that failed."""
    told = [line.strip().removeprefix("devbench: ") for line in text.splitlines() if _TELLING.match(line)]
    if told:
        return " ".join(dict.fromkeys(told))
    if status - _SIGNALLED in signal.valid_signals():
        return f"killed by {signal.Signals(status - _SIGNALLED).name}; it printed: {_last(text)}"
    ended = f"ended with exit status {status}" if status else "left no compiled file"
    return f"{ended}: {_last(text)}"


def _last(text: str) -> str:
    return " ".join(text.split())[-200:] or "it printed nothing"
