"""What fetchers and builders of models log, for whoever waits for them."""

from __future__ import annotations

import logging
from collections.abc import Callable


class ModelLog(logging.Handler):
    """Passes each message on."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Show one message."""
        self._tell(record.getMessage())


def hear_models(tell: Callable[[str], None]) -> None:
    """Have `tell` told of all that models log from now on."""
    log = logging.getLogger("devbench.models")
    log.setLevel(logging.INFO)
    log.handlers = [ModelLog(tell)]
    log.propagate = False
