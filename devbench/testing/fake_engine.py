"""An engine that runs no network: it sleeps, or misbehaves as its artifact tells it to. Python 3.6, no numpy.

The artifact is a JSON file: `{"invoke_us": 200}` and, to misbehave, `"do"`, a deed or several in a list, and `"at"`;
`"mark"` names a file to make just before. Its numbers are never published: no installed plugin brings it.
"""

import json
import os
import re
import signal
import sys
import time

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List


class Engine:
    """The four steps of a case, without a device."""

    def __init__(self, runtime: str) -> None:
        self._runtime = runtime
        self._plan: "Dict[str, Any]" = {}
        self._seconds = 0.0
        self._invokes = 0

    def facts(self) -> "Dict[str, str]":
        """What a real engine would say of its versions."""
        return {"runtime_version": "0 (fake)"}

    def load(self, path: str, options: "Dict[str, Any]") -> None:
        """Read what to do."""
        with open(path) as file:
            self._plan = json.load(file)
        self._seconds = self._plan.get("invoke_us", 200) / 1e6 * float(options.get("slowdown", 1))
        self._misbehave("load")

    def inputs(self) -> "List[Dict[str, Any]]":
        """It takes none."""
        return []

    def feed(self, arrays: "List[Any]") -> None:
        """It takes none."""

    def invoke(self) -> None:
        """Busy for as long as the artifact says: sleeping would time the scheduler instead."""
        end = time.perf_counter() + self._seconds
        while time.perf_counter() < end:
            pass
        self._invokes += 1
        if self._invokes == self._plan.get("after", 3):
            self._misbehave("invoke")

    def outputs(self) -> "List[Any]":
        """It gives none."""
        self._misbehave("outputs")
        return []

    def _misbehave(self, step: str) -> None:
        if self._plan.get("at", "invoke") == step and "do" in self._plan:
            if "mark" in self._plan:
                open(self._plan["mark"], "w").close()
            deeds = self._plan["do"]
            for deed in deeds if isinstance(deeds, list) else [deeds]:
                _DEEDS[deed]()


def _raise() -> None:
    raise RuntimeError("the fake device reports\na failure")


def _hang() -> None:
    while True:
        time.sleep(3600)


def _seize() -> None:
    re.match("(a+)+$", "a" * 60 + "b")  # hangs without giving the interpreter's lock back, as native code can


def _start_child() -> None:
    if os.fork() == 0:
        _hang()


def _start_daemon() -> None:
    """As a driver's own server would be started: in a session of its own, and nobody's child."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _hang()
        os._exit(0)
    os.waitpid(child, 0)


def _print_natively() -> None:
    os.write(1, b"a native library says hello on descriptor 1\n")
    sys.stdout.write("and Python's print does too\n")
    sys.stdout.flush()


def _rubbish() -> None:
    # What a broken start-up script or a badly behaved parent could do to the channel itself.
    standard = ("0", "1", "2")
    for name in os.listdir("/proc/self/fd"):
        link = "/proc/self/fd/" + name
        if name not in standard and os.path.exists(link) and os.readlink(link).startswith("pipe:"):
            os.write(int(name), b"%!rubbish\n")


_DEEDS: "Dict[str, Callable[[], object]]" = {
    "raise": _raise,
    "hang": _hang,
    "seize": _seize,
    "exit": lambda: os._exit(7),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "child": _start_child,
    "daemon": _start_daemon,
    "print": _print_natively,
    "rubbish": _rubbish,
    "talk": lambda: sys.stderr.write("x" * 1000000 + "\nlast words\n"),
}
