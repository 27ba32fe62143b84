"""JSON lines to and from the host, with the real stdout kept away from everybody else."""

import json
import os
import sys

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Dict, Optional


class Channel:
    """One JSON object a line. Whatever else the process prints, native libraries included, goes to stderr."""

    def __init__(self) -> None:
        # What the system calls its files need not be UTF-8; the host takes nothing else.
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        os.dup2(2, 1)

    def send(self, event: str, **fields: object) -> None:
        """Send one message and flush it."""
        fields["event"] = event
        self._out.write(json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._out.flush()

    def receive(self) -> "Optional[Dict[str, Any]]":
        """The next message of the host; None when it closed the line."""
        line = sys.stdin.buffer.readline()
        if not line.endswith(b"\n"):
            return None
        message: "Dict[str, Any]" = json.loads(line.decode("utf-8"))
        return message
