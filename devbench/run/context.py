"""What runs work with. Light: commands that measure nothing need it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devbench.domain.place import Place
    from devbench.models.cache import ModelCache
    from devbench.plugin.manager import Plugins
    from devbench.run.accuracy import Converse
    from devbench.run.execute import Hold
    from devbench.run.prepare import Look
    from devbench.run.progress import Progress
    from devbench.run.slots import Probe
    from devbench.store.earlier_runs import EarlierRuns


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What a run works with, whichever run it is. look: what the worker sees at a place with a runtime.

    converse: has a worker with a case's model take messages.
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
