"""Progress on stderr: a bar in a terminal, plain lines elsewhere. It draws only when something happened."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from devbench.cli.model_log import hear_models
from devbench.cli.terminal import open_console
from devbench.printable import one_line
from devbench.report.numbers import duration
from devbench.run.progress import Progress as RunProgress

if TYPE_CHECKING:
    from devbench.cli.live_table import LiveTable
    from devbench.domain.outcome import Nanoseconds
    from devbench.domain.run import Run
    from devbench.run.left import Left

_ROOM_BELOW = 4  # the bar, which may be two lines, a blank and the prompt's


class LineProgress(RunProgress):
    """One line for each step: for logs, and where stderr is not a terminal."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def preparing(self, model: str) -> None:
        """See `RunProgress`."""
        self._say(f"preparing {model}")

    def detail(self, text: str) -> None:
        """See `RunProgress`."""
        self._say(f"  {text}")

    def round_started(self, case_id: str, number: int, of: int, left: Left) -> None:
        """See `RunProgress`."""
        self._say(f"round {number} of {of}: {case_id} ({_about(left)} left)")

    def note(self, text: str) -> None:
        """See `RunProgress`."""
        self._say(text)

    def case_failed(self, case_id: str, error: str) -> None:
        """See `RunProgress`."""
        self._say(f"{case_id} failed: {error}")

    def _say(self, text: str) -> None:
        print(f"{text}\n", end="", file=sys.stderr, flush=True)  # at once: two threads may tell of what they make


_TIMED = ("load", "first", "warmup", "steady", "compute")
"""Phases in which the worker times: nothing is drawn while they go on."""


class BarProgress(RunProgress):
    """A bar over the rounds, with what is going on and the time that is left; above it, if wanted, the table so far.

    Rich would redraw ten times a second from a thread of its own; that thread would run beside the model
    being measured, so it is switched off and the bar moves at events only. Nor does it catch what is printed: it would
    obey the control sequences in it.
    """

    def __init__(self, console: Console, *, with_table: bool = False) -> None:
        self._console = console
        self._bar = Progress(BarColumn(bar_width=16), TextColumn("{task.description}"), auto_refresh=False)
        self._task: TaskID = self._bar.add_task("starting", total=None)
        self._step = ""
        self._table: LiveTable | None = None
        self._with_table = with_table
        self._live = Live(
            get_renderable=self._drawn,
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def preparing(self, model: str) -> None:
        """See `RunProgress`."""
        self._step = f"preparing {model}"
        self._show(self._step)

    def detail(self, text: str) -> None:
        """See `RunProgress`."""
        self._show(text)

    def round_started(self, case_id: str, number: int, of: int, left: Left) -> None:
        """See `RunProgress`."""
        self._bar.update(self._task, total=of, completed=number - 1)
        self._step = f"{number}/{of} · {_about(left)} left · {case_id}"
        self._show(self._step)

    def phase(self, name: str) -> None:
        """See `RunProgress`. Not for rounds that go on side by side: another one may be timed now."""
        if name not in _TIMED and threading.current_thread() is threading.main_thread():
            self._show(f"{self._step} · {name}")

    def case_changed(self, run: Run, case_id: str, samples: Callable[[str], Mapping[int, Nanoseconds]]) -> None:
        """See `RunProgress`."""
        if self._with_table:
            from devbench.cli.live_table import LiveTable

            self._table = self._table or LiveTable()
            self._table.update(run, case_id, samples)
            self._live.refresh()

    def note(self, text: str) -> None:
        """See `RunProgress`."""
        self._console.print(text, markup=False)

    def case_failed(self, case_id: str, error: str) -> None:
        """See `RunProgress`."""
        self._console.print(f"{case_id} failed: {error}", markup=False, style="red")

    def _show(self, text: str) -> None:
        self._bar.update(self._task, description=escape(one_line(text)))
        self._live.refresh()

    def _drawn(self) -> RenderableType:
        if self._table is None:
            return self._bar
        lines = self._table.lines(self._console.width, self._console.height - _ROOM_BELOW)
        texts = [Text.assemble(*((span.text, span.style) for span in line)) for line in lines]
        return Group(*texts, Text(), self._bar)


def _about(left: Left) -> str:
    if left.known:
        return f"about {duration(left.seconds)}"
    return f"{duration(left.least_s)} to {duration(left.most_s)}"


def open_progress() -> LineProgress | BarProgress:
    """The display that fits stderr, listening to what models log."""
    console = open_console(stderr=True)
    progress = BarProgress(console, with_table=sys.stdout.isatty()) if console.is_terminal else LineProgress()
    hear_models(progress.detail)
    return progress
