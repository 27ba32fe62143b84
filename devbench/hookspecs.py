"""Every hook of devbench, on one page. Nothing else is a hook."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from devbench.domain.case import Case
    from devbench.domain.extend import Converter, Device, Runtime
    from devbench.domain.model import Model
    from devbench.domain.outcome import Round
    from devbench.domain.place import Place
    from devbench.domain.run import Run

PROJECT = "devbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def devbench_devices() -> Iterable[type[Device]]:
    """The kinds of device this plugin brings. New in 0.1."""
    raise AssertionError


@hookspec
def devbench_runtimes() -> Iterable[type[Runtime]]:
    """The runtimes this plugin brings. New in 0.1."""
    raise AssertionError


@hookspec
def devbench_models() -> Iterable[Model]:
    """The models this plugin adds to the catalogue. New in 0.1."""
    raise AssertionError


@hookspec
def devbench_converters() -> Iterable[type[Converter]]:
    """The converters this plugin brings: from the format somebody has to one that a runtime loads. New in 0.2."""
    raise AssertionError


@hookspec(firstresult=True)
def devbench_fetch_model(source: str, into: Path) -> Path | None:
    """Write the model file that `source` names into the empty folder `into` and return its path.

    None means that this plugin does not know the source's scheme. A file that is not available is a
    `ModelError`. Report progress with `logging.getLogger("devbench.models").info(...)`. New in 0.1.
    """


@hookspec
def devbench_make_ready(case: Case, place: Place) -> None:
    """Make at `place` what the rounds of `case` will load, if anything; called once, before the first round of the run.

    It may take minutes. A `RoundError` fails the case. New in 0.1.
    """


@hookspec(firstresult=True)
def devbench_run_round(case: Case, place: Place) -> Round | None:
    """Measure one round of `case` at `place`; None leaves it to devbench's own worker.

    Wrap it (`wrapper=True`) to watch a round from outside, with a power meter for instance. A round
    that gives no result is a `RoundError`. New in 0.1.
    """


@hookspec
def devbench_run_finished(run: Run) -> None:
    """The run is complete and saved. Told one by one; a failing listener is reported, not fatal. New in 0.1."""
