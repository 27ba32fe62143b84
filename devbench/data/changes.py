"""Two runs, case by case, as `devbench compare` has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.compare.runs import CaseChange, compare_runs
from devbench.data.need import need_pandas
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord
from devbench.errors import DevbenchError
from devbench.sources.sources import open_finished

if TYPE_CHECKING:
    import pandas as pd


def compare(old: str | os.PathLike[str], new: str | os.PathLike[str], threshold: float = 0.01) -> pd.DataFrame:
    """What became slower from the run in folder `old` to the one in `new`: a row for each case.

    threshold: the smallest difference that matters; 0.01 is 1 %. `ratio` is time in new over time in old, of the
    medians, `undisturbed` of the fastest percent of the samples; each has its ends in `_low` and `_high`.
    `difference` is `slower`, `faster`, `no difference shown`, `within the threshold` or `undecided: contaminated`;
    where it is missing, `no_ratio` says why. `attrs["notes"]` has what must be known of both runs.
    """
    need_pandas()
    import pandas as pd

    from devbench.data.frames import numbers, text

    if not 0 <= threshold < 1:
        raise DevbenchError(f"threshold {threshold} is not from 0 up to 1", "One percent is 0.01.")
    sides = [open_finished(Path(one).expanduser().absolute()) for one in (old, new)]
    found = compare_runs(sides[0], sides[1], threshold)
    cases = found.cases
    either = [change.new or change.old for change in cases]
    intervals = {"ratio": [one.ratio for one in cases], "undisturbed": [one.undisturbed for one in cases]}
    frame = pd.DataFrame(
        {
            "case": text(change.id for change in cases),
            "model": text(case.model if case else "" for case in either),
            "device": text(case.device if case else "" for case in either),
            "old_ms": numbers(_median_ms(change.old) for change in cases),
            "new_ms": numbers(_median_ms(change.new) for change in cases),
            **{
                f"{name}{ending}": numbers(getattr(one, end) if one else None for one in values)
                for name, values in intervals.items()
                for ending, end in (("", "estimate"), ("_low", "low"), ("_high", "high"))
            },
            "difference": text(change.difference or "" for change in cases),
            "no_ratio": text(change.reason for change in cases),
            "notes": text(_told(change) for change in cases),
        }
    )
    frame.attrs["units"] = {"old_ms": "ms", "new_ms": "ms"}
    frame.attrs["notes"] = list(found.notes)
    frame.attrs["resolution"] = found.resolution
    return frame


def _median_ms(case: CaseRecord | None) -> float | None:
    return case.outcome.summary.median_ms if case and isinstance(case.outcome, Measured) else None


def _told(change: CaseChange) -> str:
    return "; ".join(change.notes)
