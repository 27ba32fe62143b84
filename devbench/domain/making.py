"""How a network is made from what its author has into what a runtime loads: what a suite says of it, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

Channels = float | tuple[float, ...]  # one value for all channels of a picture, or one for each


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How a pixel (0 to 255) becomes the real number that the network was trained on: real = (pixel - mean) / std."""

    mean: Channels = 127.5
    std: Channels = 127.5

    @property
    def range(self) -> tuple[float, float]:
        """The least and the largest real number that a pixel becomes, in any channel."""
        pairs = list(zip(_each(self.mean, self.std), _each(self.std, self.mean), strict=True))
        return min((0 - mean) / std for mean, std in pairs), max((255 - mean) / std for mean, std in pairs)

    def __str__(self) -> str:
        low, high = self.range
        return f"mean {_text(self.mean)}, std {_text(self.std)} ({low:.3g} to {high:.3g})"


def _each(value: Channels, other: Channels) -> tuple[float, ...]:
    count = max(len(one) for one in (value, other, (0.0,)) if isinstance(one, tuple))
    return value if isinstance(value, tuple) else (value,) * count


def _text(value: Channels) -> str:
    return "[" + ", ".join(f"{one:g}" for one in value) + "]" if isinstance(value, tuple) else f"{value:g}"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The pictures that show a quantizer which values occur: `count` of those that there are, chosen by the seed.

    images: a folder or a zip, or an address that a plugin knows.
    """

    images: str
    count: int = 100
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class End:
    """An input or output of a source, where the source leaves something open. An empty shape: as the source says."""

    name: str
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Making:
    """What is to be made of a source.

    formats: what the runtime loads, best first; empty in a catalogue, which is for all of them.
    precision: "" is what the source computes in.
    preparation: None where neither the suite nor the file says it.
    """

    formats: tuple[str, ...] = ()
    precision: str = ""
    preparation: Preparation | None = None
    calibration: Calibration | None = None
    inputs: tuple[End, ...] = ()
    outputs: tuple[str, ...] = ()
