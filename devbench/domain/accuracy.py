"""How often a file answers rightly, on which pictures, and how much that changed from the file it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le

from devbench.domain.making import Channels
from devbench.domain.ranges import Count

Fraction = Annotated[float, Ge(0.0), Le(1.0)]
Signed = Annotated[float, Ge(-1.0), Le(1.0)]
Quality = Literal["", "kept", "lost", "undecided"]
BATCH_BYTES = 1 << 20  # of tensors that are sent to a worker at once
KEPT_CLASSES = 5
FEWEST_CLASSES_FOR_TOP5 = 20


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Which pictures a case is asked, and how they become numbers.

    images: a folder or a zip with one folder for each class, or with pictures alone; or an address that a plugin knows.
    limit: at most so many, taken evenly from the classes; None for all.
    mean, std: real = (pixel - mean) / std; one for all channels, or each.
    labels: the file with the names of the classes, in the network's order; names: those that its own file has.
    against: the model whose answers in float32 are the source's; "" for that of the case.
    drop: points of accuracy that may be lost; None where the suite says nothing.
    """

    images: str
    limit: int | None = None
    mean: Channels = 127.5
    std: Channels = 127.5
    labels: str = ""
    names: tuple[str, ...] = ()
    against: str = ""
    drop: float | None = None


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Pictures to learn the last layer from: how many of each class, one after the other, and how often drawn anew."""

    images: str
    pictures: tuple[int, ...] = (1, 5, 10, 20)
    draws: int = 3


@dataclass(frozen=True, kw_only=True)
class PictureName:
    """A picture of a list. label: the folder it is in; "" where there is none. wanted: its class; -1 where unknown."""

    name: str
    label: str
    wanted: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PictureList:
    """The pictures of a test, in the order in which they are asked.

    classes: the labels, each once. left_out: pictures that could not be read, with the reason.
    """

    source: str
    classes: tuple[str, ...]
    pictures: tuple[PictureName, ...]
    left_out: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether it is known what each picture shows."""
        return bool(self.classes)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a file answered to each picture of a list: the classes with the highest scores, best first.

    list_file: the file with the pictures, in the run folder. outputs: how many classes the network has.
    classes, scores: for each picture, up to five; scores are dequantized. Of equal ones, the lowest class comes first.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"allow_inf_nan": False}

    list_file: str
    outputs: Count
    classes: tuple[tuple[Count, ...], ...]
    scores: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class ShareOf:
    """A share of the pictures with its 95 % interval (Wilson)."""

    estimate: Fraction
    low: Fraction
    high: Fraction
    hits: Count


@dataclass(frozen=True, kw_only=True)
class ChangeOf:
    """The share now less that of the source, on the same pictures, with its 95 % interval (Bonett and Price).

    p_value: McNemar's exact one. lost, won: names of the pictures.
    """

    estimate: Signed
    low: Signed
    high: Signed
    p_value: Fraction
    lost: tuple[str, ...]
    won: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """What the answers of a case to its pictures say.

    images: where the pictures are. pictures: how many were answered. classes: how many the network tells apart.
    top1, top5: None without labels; top5 also under 20 classes. agreement: with the source, top-1.
    change: of top1; None without labels or source. reference: whose answers are the source's: a case, or what was asked
        beside the cases; "" if none. reference_file: the file with these answers.
    one_class: all pictures got the same class, though there are several. chance: no better than guessing is shown.
    quality: by the points that may be lost; without labels, of agreement.
    left_out: pictures that could not be read. facts: what the worker saw. problem: why there are no answers.
    """

    images: str
    pictures: Count = 0
    classes: Count = 0
    top1: ShareOf | None = None
    top5: ShareOf | None = None
    agreement: ShareOf | None = None
    change: ChangeOf | None = None
    reference: str = ""
    reference_file: str = ""
    one_class: bool = False
    chance: bool = False
    quality: Quality = ""
    drop: float | None = None
    left_out: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    hint: str = ""
