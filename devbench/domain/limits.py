"""The least time that hardware allows for a piece of work: its walls, and how near a figure is to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from devbench.domain.ranges import Count, Positive

WallName = Literal["compute", "memory", "link"]
WALLS: tuple[WallName, ...] = get_args(WallName)


@dataclass(frozen=True, kw_only=True)
class Peak:
    """What a piece of hardware cannot exceed.

    per_s: operations (a multiply-accumulate is two) or bytes each second; no less than what is possible.
    typical_per_s: what is reached at best in practice; None where nobody has said.
    of: which of several that a device may be: a board, a link; the others have peaks of their own.
    precision: of the operations; "" for all.
    threads: of a CPU, how many it takes; 0 where that does not matter.
    keeps_bytes: weights that stay on the near side of memory or link between two inferences.
    source: where the figure stands, or how it was measured. measured: whether it was, so that it may be a little more.
    """

    wall: WallName
    per_s: Positive
    source: str
    of: str = ""
    precision: str = ""
    threads: Count = 0
    typical_per_s: Positive | None = None
    keeps_bytes: Count = 0
    measured: bool = False


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """Weights that travel to an accelerator with every inference: at least and at most so many bytes."""

    least_bytes: Count
    most_bytes: Count


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one inference takes, whatever does it.

    macs: multiply-accumulates; None if nobody knows. weight_bytes: all weights, in `precision`.
    streamed: what an accelerator has sent each time, where a compiled file says it.
    complete: False where something computes that `macs` lacks. pairs: how many networks it is of, one after the other.
    source: where these numbers are from. assumed: what had to be supposed, as a clause each.
    """

    macs: int | None = None
    weight_bytes: int | None = None
    input_bytes: int = 0
    output_bytes: int = 0
    activation_bytes: int = 0
    precision: str = ""
    streamed: Streamed | None = None
    complete: bool = True
    source: str = ""
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wall:
    """One wall: what has to pass it, and how long that takes at least.

    amount: operations or bytes. weight_bytes: how many of the bytes are weights.
    """

    name: WallName
    amount: int
    least_ms: float
    peak: Peak
    weight_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The physical limit of one case.

    walls: those that are known, the highest first; empty if none is.
    unknown: what is not known, and how to get it, each as a sentence. assumed: what had to be supposed.
    time_ms: the figure that is held against it; None where there is none.
    share: the limit over the figure, 1 for one that cannot be beaten.
    below: the figure, with its whole interval, is less than the hardware allows: something is wrong with it.
    """

    walls: tuple[Wall, ...] = ()
    unknown: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    work: Work = field(default_factory=Work)
    time_ms: float | None = None
    share: float | None = None
    below: bool = False

    @property
    def wall(self) -> Wall | None:
        """The highest wall."""
        return self.walls[0] if self.walls else None

    @property
    def least_ms(self) -> float | None:
        """The least time that the hardware allows."""
        return self.walls[0].least_ms if self.walls else None

    def named(self, name: WallName) -> Wall | None:
        """The wall of this name, if it is known."""
        return next((one for one in self.walls if one.name == name), None)

    @property
    def roof(self) -> Roof | None:
        """What a roofline plot draws for it; None where operations, bytes or a peak are not known."""
        compute = self.named("compute")
        moving = self.named("link") or self.named("memory")
        if compute is None or moving is None or not compute.amount:
            return None
        inside = 0 if moving.name == "link" else self.work.input_bytes + self.work.output_bytes
        if not moving.amount + inside:
            return None
        return Roof(
            wall=moving.name,
            operations_per_s=compute.peak.per_s,
            bytes_per_s=moving.peak.per_s,
            operations_per_byte=compute.amount / (moving.amount + inside),
            reached_per_s=compute.amount / self.time_ms * 1000 if self.time_ms else None,
        )


@dataclass(frozen=True, kw_only=True)
class Roof:
    """One point of a roofline plot under its roof: the lower of two lines.

    wall: what the slope is of. operations_per_byte: of those bytes that pass the wall, and of what goes in and out.
    reached_per_s: operations each second; None without a figure.
    """

    wall: WallName
    operations_per_s: float
    bytes_per_s: float
    operations_per_byte: float
    reached_per_s: float | None


@dataclass(frozen=True, kw_only=True)
class DeviceLimit:
    """The limit of a model file on one kind of device. of: which of several that it may be, such as a board."""

    device: str
    of: str
    limit: Limit
