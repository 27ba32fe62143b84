"""What a plugin's process does: load the plugin, then answer until devbench hangs up."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from importlib import metadata
from typing import Any

from devbench.domain.change import Change
from devbench.errors import DevbenchError, ModelError, NotHereError, RoundError
from devbench.plugin.brought import SHELVES
from devbench.plugin.local import LocalPlugin, answer
from devbench.plugin.methods import CHANGES, METHODS, REFUSED
from devbench.plugin.plugin import Owner, reason
from devbench.plugin.wire import ERROR, LOG, RAISED, VALUE, Connection, encoded

_MOST_REQUEST_BYTES = 1 << 30
_MOST_LOG_LINES = 1000
_LONGEST_LOG_LINE = 500
_LONGEST_TEXT = 5000
_OURS = (RoundError, NotHereError, ModelError, DevbenchError)  # the first that fits is how the error is told


def serve(line: Connection, entry: metadata.EntryPoint, distribution: str) -> None:
    """Load the plugin, say what it brings, and answer what devbench asks over `line`."""
    server = _Server(line, LocalPlugin(Owner(plugin=entry.name, distribution=distribution), entry))
    log = logging.getLogger("devbench")
    log.addHandler(_Sender(line))
    log.setLevel(logging.INFO)
    log.propagate = False
    server.say(server.load)
    while request := line.receive(_MOST_REQUEST_BYTES):
        name, target, arguments = pickle.loads(request)  # noqa: S301 - it comes from devbench
        server.say(lambda: server.perform(name, target, arguments))  # noqa: B023 - called at once


class _Server:
    def __init__(self, line: Connection, plugin: LocalPlugin) -> None:
        self._line = line
        self._plugin = plugin
        self._changes: list[Change] = []

    def say(self, work: Callable[[], Any]) -> None:
        """Send what `work` gives, or what it raises: nothing that a plugin raises ends its process."""
        try:
            frame = VALUE + encoded(work())
        except DevbenchError as error:
            frame = ERROR + encoded(_told(error))
        except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt, too: Ctrl-C does not reach this process
            frame = RAISED + encoded(reason(error))
        self._line.send(frame)

    def load(self) -> dict[str, Any]:
        """What it brings, as far as it is plain data."""
        found = self._plugin.load()
        for hook, (name, _) in SHELVES.items():
            shelf = getattr(found, name)
            for item in list(shelf):
                try:
                    encoded(item)
                except Exception as error:  # noqa: BLE001 - an attribute may be anything
                    shelf[:] = [one for one in shelf if one is not item]
                    found.problems.append(f"{hook}(): {_name(item)}: {reason(error)}")
        return vars(found)

    def perform(self, name: str, target: str, arguments: tuple[Any, ...]) -> Any:
        """The answer, with changes kept here: whether one was refused is for the plugin to say."""
        method = METHODS[name]
        if method is REFUSED:
            number, said = arguments
            return answer(REFUSED, self._changes[number].refused(said))
        found = self._plugin.perform(method, target, arguments, method.limit_s)
        if method is CHANGES:
            self._changes += found
            first = len(self._changes) - len(found)
            found = [{**vars(change), "refused": first + index} for index, change in enumerate(found)]
        return found


def _name(item: Any) -> str:
    name = getattr(item, "kind", None) or getattr(item, "name", None)
    return name if isinstance(name, str) else "?"


class _Sender(logging.Handler):
    """Hands over what the plugin reports while it works, such as the progress of a download."""

    def __init__(self, line: Connection) -> None:
        super().__init__()
        self._line = line
        self._left = _MOST_LOG_LINES

    def emit(self, record: logging.LogRecord) -> None:
        """One line, no longer than a terminal can show."""
        if self._left > 0:
            self._left -= 1
            text = " ".join(record.getMessage().split())[:_LONGEST_LOG_LINE]
            self._line.send(LOG + encoded([record.name, record.levelno, text]))


def _told(error: DevbenchError) -> dict[str, str]:
    kind = next(one for one in _OURS if isinstance(error, one))
    rest = {name: str(getattr(error, name, "")) for name in ("message", "hint", "phase", "log_tail")}
    return {"kind": kind.__name__, **{name: text[:_LONGEST_TEXT] for name, text in rest.items()}}
