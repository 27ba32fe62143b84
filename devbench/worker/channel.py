"""JSON lines to and from the host, with the real stdout kept away from everybody else."""

import json
import os
import sys
import threading


class Channel:
    """One JSON object a line. Whatever else the process prints, native libraries included, goes to stderr."""

    def __init__(self):
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, event, **fields):
        """Send one message and flush it."""
        fields["event"] = event
        self._out.write(json.dumps(fields, separators=(",", ":")) + "\n")
        self._out.flush()

    def receive(self):
        """The next message of the host; None when it closed the line."""
        line = sys.stdin.buffer.readline()
        return json.loads(line.decode("utf-8")) if line.endswith(b"\n") else None

    def die_with_host(self):
        """From here on, end at once when the host closes its side: it is gone, or has given this round up.

        The thread sleeps in read(), without the interpreter's lock, so the timed loop does not feel it.
        """
        watch = threading.Thread(target=_exit_at_end_of_input)
        watch.daemon = True
        watch.start()


def _exit_at_end_of_input():
    while os.read(0, 4096):
        pass
    os._exit(1)
