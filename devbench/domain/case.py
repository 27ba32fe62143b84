"""Cases: one cell of the table, first as planned, then with the file that will be executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devbench.domain.accuracy import Evaluation, Lesson
from devbench.domain.making import Channels, Preparation
from devbench.domain.measure import Measure
from devbench.domain.model import Artifact, Variant

Option = str | int | float | bool
ALL_RUNTIMES = "all"  # what a suite calls every runtime of a device that works there


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """An image to feed, and how a pixel (0 to 255) becomes the real number the network was trained on.

    real = (pixel - mean) / std; a quantized input is quantized from that. mean, std: one for all channels, or each.
    names: the labels that the model itself has; those of the file `labels` come first.
    """

    path: Path
    labels: Path | None = None
    mean: Channels = 127.5
    std: Channels = 127.5
    names: tuple[str, ...] = ()

    @property
    def preparation(self) -> Preparation:
        """How a pixel becomes a real number."""
        return Preparation(mean=self.mean, std=self.std)


@dataclass(frozen=True, kw_only=True)
class PlannedCase:
    """What a suite asks for: a model variant, on one place, with one runtime and its options.

    precision: what is asked to be computed in, which a runtime may make of a variant in another; "" is as in the file.
    implied: the options that this takes; the suite does not choose them, so they are in no name.
    preparation: how pictures are prepared for it, where the suite or the file says so.
    evaluation: the pictures that it is asked, once nothing is timed any more; None for none.
    lesson: those that `devbench learn` has it learn from.
    source: the same network in float32, whose answers are those of the source; None where there is none.
    """

    id: str
    model: str
    variant: Variant
    device: str
    place: str
    runtime: str
    options: Mapping[str, Option]
    measure: Measure
    seed: int
    precision: str = ""
    implied: Mapping[str, Option] = field(default_factory=dict)
    image: ImageInput | None = None
    preparation: Preparation | None = None
    evaluation: Evaluation | None = None
    lesson: Lesson | None = None
    source: Variant | None = None

    @property
    def all_options(self) -> Mapping[str, Option]:
        """What the runtime is given."""
        return {**self.options, **self.implied}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A planned case with its artifact at hand: what `devbench_run_round` is asked to measure.

    feeds: one .npy file per input tensor; empty means seeded random input.
    region: what the clock is around; `invoke` has the inputs in place and ends when the outputs are ready.
    """

    planned: PlannedCase
    artifact: Artifact
    feeds: tuple[Path, ...] = ()
    region: str = "invoke"

    @property
    def id(self) -> str:
        """The case's name: unique in its run, stable between runs of one suite."""
        return self.planned.id
