"""devbench's side of the processes that others' plugins live in: to have one started, and to have it ended."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from importlib import metadata
from threading import Lock
from typing import Any

from devbench.errors import DevbenchError
from devbench.plugin.wire import Connection

_START = (  # plugins are imported from where they would be here
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]);"
    " from devbench.plugin.child import main; main(int(sys.argv[1]))"
)
_ENDS_WITHIN_S = 10.0
_MESSAGE_BYTES = 1 << 16
_NO_PROCESS = 'Is the machine out of memory or processes? DEVBENCH_PLUGINS="" does without plugins.'


class PluginProcesses:
    """The keeper, which starts and ends them: see `child.py`. It is started when the first plugin is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, entry: metadata.EntryPoint, distribution: str) -> tuple[int, Connection]:
        """A process for the plugin, which loads it at once: its number, and the line to it."""
        request = {"name": entry.name, "value": entry.value, "group": entry.group, "distribution": distribution}
        ours, theirs = socket.socketpair()
        with theirs:
            return self._asked(request, theirs.fileno())["pid"], Connection(ours)

    def end(self, pid: int) -> tuple[int | None, str]:
        """End the process and what it has started: its exit status, and the end of what it printed."""
        answer = self._asked({"end": pid})
        return answer["status"], answer["said"]

    def close(self) -> None:
        """End them all."""
        if self._control:
            self._control.close()
        if self._process:
            try:
                self._process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _asked(self, request: dict[str, Any], *descriptors: int) -> dict[str, Any]:
        with self._lock:
            try:
                control = self._control or self._begun()
                socket.send_fds(control, [json.dumps(request).encode()], descriptors)
                answer = control.recv(_MESSAGE_BYTES)
            except OSError as error:
                raise DevbenchError(f"the process for plugins cannot be started: {error}", _NO_PROCESS) from error
        if not answer:
            raise DevbenchError("the process for plugins has ended", _NO_PROCESS)
        found: dict[str, Any] = json.loads(answer)
        return found

    def _begun(self) -> socket.socket:
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(theirs.fileno()), json.dumps(sys.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=2,  # said aloud: one that was closed and reopened is not inherited by itself
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C in the terminal is not for plugins
            )
        self._control = control
        return control
