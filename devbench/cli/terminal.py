"""The terminal as rich draws on it, where names and reasons from boards and files are shown and never obeyed."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from devbench.printable import printable


class PrintableConsole(Console):
    """Draws with rich's own control sequences, and shows those in the text instead of obeying them."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The same, fit to be shown."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def open_console(*, stderr: bool = False) -> PrintableConsole:
    """The terminal that standard output or error is, or whatever else."""
    stream = sys.stderr if stderr else sys.stdout
    return PrintableConsole(file=getattr(stream, "unfiltered", stream))
