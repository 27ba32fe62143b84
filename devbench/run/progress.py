"""What a run tells while it goes on. The base class keeps silent; the command line draws bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devbench.domain.outcome import Nanoseconds
    from devbench.domain.run import Run
    from devbench.run.left import Left


class Progress:
    """Told of each step, only ever between rounds or at a phase's edge: never while something is timed."""

    def preparing(self, model: str) -> None:
        """The artifact of `model` is being found or made."""

    def detail(self, text: str) -> None:
        """What is going on within the present step."""

    def round_started(self, case_id: str, number: int, of: int, left: Left) -> None:
        """Round `number` (from 1) of the run's `of` rounds begins; `left`: how long until the run is over."""

    def phase(self, name: str) -> None:
        """The worker has begun `load`, `first`, `warmup`, `steady`..."""

    def case_changed(self, run: Run, case_id: str, samples: Callable[[str], Mapping[int, Nanoseconds]]) -> None:
        """A round of the case is done and saved, or it is given up. samples: the steady ones of a case, by round."""

    def note(self, text: str) -> None:
        """Something to know of the whole run, to be read afterwards too."""

    def case_failed(self, case_id: str, error: str) -> None:
        """A case is given up."""
