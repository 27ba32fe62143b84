"""What runs work with. Light: commands that measure nothing need it too."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from devbench.domain.case import Case
    from devbench.domain.place import Place
    from devbench.models.cache import ModelCache
    from devbench.plugin.manager import Plugins
    from devbench.run.accuracy import Converse
    from devbench.run.changes import Hold
    from devbench.run.prepare import Look
    from devbench.run.progress import Progress
    from devbench.run.slots import Probe
    from devbench.store.earlier_runs import EarlierRuns


Carry: TypeAlias = "Callable[[Place, Sequence[Case]], None]"


def _nothing(_place: Place, _cases: Sequence[Case]) -> None:
    pass


def _for_ever() -> float:
    return math.inf


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What a run works with, whichever run it is.

    carry: takes the files of cases to their place, before anything is timed there.
    until_end_s: seconds until no round may go on any more. serial: one round at a time, wherever the places are.
    look: what the worker sees at a place with a runtime. converse: has a worker with a case's model take messages.
    """

    plugins: Plugins
    cache: ModelCache
    lab: Sequence[Place]
    probe: Probe
    look: Look
    converse: Converse
    progress: Progress
    hold: Hold
    earlier: EarlierRuns
    carry: Carry = _nothing
    until_end_s: Callable[[], float] = _for_ever
    serial: bool = False
