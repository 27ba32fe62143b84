"""Puts lines on standard output: as wide as the terminal, coloured only there, whole in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

from devbench.report.screen import ScreenLine, plain

_ENDLESS = 10_000


def screen_width() -> int:
    """Columns of the terminal, or `COLUMNS`; without either, lines are not broken: a program reads them."""
    return shutil.get_terminal_size((_ENDLESS, 24)).columns


def show(lines: Iterable[ScreenLine]) -> None:
    """Print these lines. `NO_COLOR` and `TERM=dumb` are obeyed."""
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        for line in lines:
            print(plain(line))
        return
    from rich.text import Text

    from devbench.cli.terminal import open_console

    console = open_console()
    for line in lines:
        console.print(Text.assemble(*((span.text, span.style) for span in line)), soft_wrap=True)
