"""A figure, ours or published: what was executed where, how long it took, and how sure it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from devbench.domain.run import CaseRecord
from devbench.stats import Interval, RoundMedian


@dataclass(frozen=True, kw_only=True)
class RoundFigure:
    """What a round that counts adds to its case's figure. contaminated: nothing may be concluded from it."""

    median: RoundMedian
    contaminated: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """One row of a results CSV, or one case of a run.

    latency_ms, throughput_per_s: with the ends of the interval, which are the figure itself where the source
        states none. row: every cell of the row as text, by column.
    origin: file or run folder it was read from, for messages.
    case, rounds: of a run whose samples are at hand; None and () for a row of a file.
    partial: some of its rounds are still to be run.
    """

    origin: str
    row: Mapping[str, str]
    latency_ms: Interval | None = None
    throughput_per_s: Interval | None = None
    case: CaseRecord | None = None
    rounds: tuple[RoundFigure, ...] = ()
    partial: bool = False

    def __getitem__(self, column: str) -> str:
        return self.row[column]

    @property
    def measured(self) -> bool:
        """Whether devbench measured it, rather than somebody who published it."""
        return self.row["status"] == "measured"

    @property
    def ours(self) -> bool:
        """Whether devbench made the row, with a figure or with the reason why there is none."""
        return self.measured or self.row["source"] == "devbench"

    @property
    def contaminated(self) -> bool:
        """Whether it was disturbed too much to take part in a verdict."""
        return self.row["verdict"] == "contaminated"

    @property
    def has_value(self) -> bool:
        """Whether there is a figure at all."""
        return self.latency_ms is not None or self.throughput_per_s is not None

    @property
    def device(self) -> str:
        """A short name of what executed it: the kind of device, and what the source calls it."""
        place = self.row["place"]
        return self.row["device"] if self.measured or not place else place

    @property
    def input_size(self) -> str:
        """`224×224` of an image, else the shape as it stands; "" where it is not known."""
        shape = self.row["input_shape"]
        size = image_size(shape)
        return f"{size[0]}×{size[1]}" if size else shape

    @property
    def batch(self) -> int | None:
        """Inputs in one inference, None where it is not stated."""
        return int(self.row["batch"]) if self.row["batch"] else None


_CHANNELS = (1, 3, 4)


def image_size(shape: str) -> tuple[int, int] | None:
    """Width and height in `224x224`, in `1x224x224x3` (NHWC) and in `1x3x224x224` (NCHW).

    >>> image_size("1x300x200x3")
    (200, 300)
    """
    if not re.fullmatch(r"\d+(x\d+)*", shape):
        return None
    sizes = [int(size) for size in shape.split("x")]
    match sizes:
        case [width, height]:
            return width, height
        case [_, height, width, channels] if channels in _CHANNELS:
            return width, height
        case [_, channels, height, width] if channels in _CHANNELS:
            return width, height
        case _:
            return None
