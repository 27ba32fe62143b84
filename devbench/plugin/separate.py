"""A plugin whose code runs in a process of its own, where it can be ended, and where its output disturbs nothing."""

from __future__ import annotations

import json
import logging
import math
import os
import pickle
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from threading import Lock, current_thread, main_thread
from typing import Any

from devbench import errors
from devbench.errors import DevbenchError, PluginError
from devbench.plugin.brought import SHELVES, Brought
from devbench.plugin.methods import LOAD_LIMIT_S, REFUSED, RUN_ROUND, Method
from devbench.plugin.plugin import Owner, Plugin, called
from devbench.plugin.processes import PluginProcesses
from devbench.plugin.wire import LOG, RAISED, VALUE, Connection, FrameTooLongError
from devbench.printable import shortened

_MOST_ENDS = 2  # a plugin that had to be ended, or ended itself, so often is not asked again
_MOST_BYTES = 4 << 20
_MOST_ROUND_BYTES = 1 << 29
_LAST_WORDS = 200


class SeparatePlugin(Plugin):
    """It is started and loaded again when it is asked after it has ended, a limited number of times.

    One process answers one question at a time. Where groups of places go on side by side, what may take long at a
    place is asked of a process for that place alone: no board waits until another one is cool.
    """

    def __init__(self, owner: Owner, entry: metadata.EntryPoint, processes: PluginProcesses) -> None:
        super().__init__(owner)
        self._entry = entry
        self._processes = processes
        self._first = _Process(self)
        self._of_places: dict[tuple[str, str], _Process] = {}
        self._lock = Lock()

    def start(self) -> None:
        """Have it loaded; `load` waits for that."""
        self._first.start()

    def load(self) -> Brought:
        """What it brings, as far as that is what it must be."""
        found = self.brought
        try:
            loaded = self._first.loaded()
        except DevbenchError as error:
            found.problems.append(error.message.removeprefix(f"{self.owner}: "))
            return found
        found.hooks, found.wraps = loaded.hooks, loaded.wraps
        found.problems, found.notes = loaded.problems, loaded.notes
        for hook, (shelf, kind) in SHELVES.items():
            for item in getattr(loaded, shelf):
                try:
                    getattr(found, shelf).append(_checked(kind, item))
                except ValueError as error:
                    named = item.get("kind") or item.get("name") if isinstance(item, dict) else item
                    found.problems.append(f"{hook}(): {shortened(str(named))}: {error}")
        return found

    def close(self) -> None:
        """Hang up."""
        for one in (self._first, *self._of_places.values()):
            one.close()

    def perform(self, method: Method, target: str, arguments: tuple[Any, ...], limit_s: float) -> Any:
        """The answer, checked."""
        from devbench.plugin.schema import decoded_answer

        what = called(method, target)
        most_bytes = _MOST_ROUND_BYTES if method is RUN_ROUND else _MOST_BYTES
        request = pickle.dumps((method.name, target, arguments))
        data = self._process_for(method, arguments).asked(what, limit_s, most_bytes, request)
        return self.read(what, lambda: decoded_answer(method, data, self._refused))

    def _process_for(self, method: Method, arguments: tuple[Any, ...]) -> _Process:
        if not method.waits or current_thread() is main_thread():  # in which nothing goes on side by side
            return self._first
        place = arguments[-1]
        with self._lock:
            return self._of_places.setdefault((place.device, place.name), _Process(self))

    def _refused(self, number: int, said: str) -> str:
        try:
            return str(self.ask(REFUSED, number, said))
        except DevbenchError as error:
            return error.message

    def new_process(self) -> tuple[int, Connection]:
        """Another process that loads it. Raises a `DevbenchError`."""
        return self._processes.start(self._entry, self.owner.distribution)

    def read(self, what: str, read: Callable[[], Any]) -> Any:
        """What `read` makes of an answer. Raises a `DevbenchError`."""
        try:
            return read()
        except ValueError as error:
            raise self.failed(f"{what} gave an invalid answer: {shortened(str(error))}") from None

    def ended(self, text: str, pid: int) -> PluginError:
        """The error, after the process was seen to."""
        status, said = self._processes.end(pid)
        how = f" ({_how(status)})" if text.endswith("ended its process") else ""
        last = f"; it last printed: {shortened(' '.join(said.split())[-_LAST_WORDS:])}" if said.strip() else ""
        return self.failed(text + how + last, said)


class _Process:
    """One process of a plugin, and the line to it; started when it is asked something."""

    def __init__(self, plugin: SeparatePlugin) -> None:
        self._plugin = plugin
        self._lock = Lock()
        self._pid = 0
        self._line: Connection | None = None
        self._ends = 0

    def start(self) -> None:
        """Have the plugin loaded in it."""
        if self._ends >= _MOST_ENDS:
            raise self._plugin.failed(f"its process has ended {self._ends} times, so it is not asked again")
        self._pid, self._line = self._plugin.new_process()

    def close(self) -> None:
        """Hang up."""
        if self._line:
            self._line.close()
            self._line = None

    def loaded(self) -> Any:
        """What the plugin brings, as its process says."""
        from devbench.plugin.schema import Loaded, decoded

        if self._line is None:
            self.start()
        what = "its import"
        data = self._received(what, LOAD_LIMIT_S, _MOST_BYTES)
        return self._plugin.read(what, lambda: decoded(Loaded, data))

    def asked(self, what: str, limit_s: float, most_bytes: int, request: bytes) -> bytes:
        """The JSON of the answer to `request`; it waits for its turn."""
        with self._lock:
            if self._line is None:
                self.loaded()
            return self._received(what, limit_s, most_bytes, request)

    def _received(self, what: str, limit_s: float, most_bytes: int, request: bytes = b"") -> bytes:
        """The JSON of the answer to `request`, with what is reported meanwhile passed on."""
        assert self._line
        limit_s = min(limit_s, _most_s())
        deadline_s = time.monotonic() + limit_s
        try:
            if request:
                self._line.send(request, limit_s)
            while (frame := self._line.receive(most_bytes, deadline_s))[:1] == LOG:
                _pass_on(frame[1:])
        except TimeoutError:
            raise self._ended(f"{what} took longer than {limit_s:g} s, so it was ended") from None
        except FrameTooLongError as error:
            raise self._ended(f"{what} gave too much ({error}), so it was ended") from None
        except OSError:
            frame = b""
        except BaseException:  # Ctrl-C: the answer that comes now is to no question any more
            self._ended(what)
            raise
        if not frame:
            raise self._ended(f"{what} ended its process")
        if frame[:1] != VALUE:
            raise self._plugin.read(what, lambda: self._raised(what, frame))
        return frame[1:]

    def _raised(self, what: str, frame: bytes) -> DevbenchError:
        from devbench.plugin.schema import Said, decoded

        if frame[:1] == RAISED:
            return self._plugin.failed(f"{what}: {shortened(decoded(str, frame[1:]))}")
        said = decoded(Said, frame[1:])
        if said.kind == errors.RoundError.__name__:
            return errors.RoundError(said.message, said.hint, phase=said.phase, log_tail=said.log_tail)
        known = {one.__name__: one for one in (errors.NotHereError, errors.ModelError)}
        return known.get(said.kind, DevbenchError)(said.message, said.hint)

    def _ended(self, text: str) -> PluginError:
        self.close()
        self._ends += 1
        return self._plugin.ended(text, self._pid)


def _most_s() -> float:
    """What the user allows for anything: $DEVBENCH_PLUGIN_LIMIT_S."""
    try:
        return max(0.1, float(os.environ.get("DEVBENCH_PLUGIN_LIMIT_S", "inf")))
    except ValueError:
        return math.inf


def _how(status: int | None) -> str:
    if status is None:
        return "it cannot be ended: is a driver hanging?"
    names = {one.value: one.name for one in signal.Signals}
    return f"exit status {status}" if status >= 0 else f"killed by {names.get(-status, f'signal {-status}')}"


def _checked(kind: type, item: object) -> Any:
    from devbench.plugin.schema import decoded

    return decoded(kind, json.dumps(item).encode())


def _pass_on(data: bytes) -> None:
    """What the plugin's process logged, if it can be read."""
    from devbench.plugin.schema import decoded

    with suppress(ValueError):
        name, level, text = decoded(tuple[str, int, str], data)
        if name.split(".")[0] == "devbench":
            logging.getLogger(name).log(level, "%s", text)
