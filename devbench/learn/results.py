"""What a case showed when it learned, and the vendor's figures of the same work."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from statistics import mean, stdev

from devbench.stats import Interval


@dataclass(frozen=True, kw_only=True)
class HeadResult:
    """A method, after so many pictures of each class.

    accuracies: share of the test pictures that are right, one for each draw of pictures to learn from.
    learn_ms: the learning itself, from the embeddings, median of the draws. usable_ms: from the first picture of a new
        class to its first answer, when the other classes are known; None where all classes must be learned again.
    """

    method: str
    each: int
    accuracies: tuple[float, ...]
    learn_ms: float
    usable_ms: float | None

    @property
    def accuracy(self) -> float:
        """The mean of the draws."""
        return mean(self.accuracies)

    @property
    def accuracy_sd(self) -> float | None:
        """How much the draws vary; None where there is one."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else None


@dataclass(frozen=True, kw_only=True)
class LearnResult:
    """What one case showed; `problem` says why it showed nothing.

    extract_ms: the network, for one picture, with its 95 % interval over draws (processes). imprint_ms: what imprinting
    adds to it. load_ms: opening the model.
    """

    model: str
    precision: str
    device: str
    place: str
    runtime: str
    classes: int = 0
    test_pictures: int = 0
    dimensions: int = 0
    draws: int = 0
    extract_ms: Interval | None = None
    imprint_ms: float = 0.0
    load_ms: float = 0.0
    heads: tuple[HeadResult, ...] = ()
    left_out: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""

    def work_ms(self, pictures: int, classes: int) -> float | None:
        """What learning so many pictures of so many classes by imprinting takes; None where nothing was measured.

        Making the last layer of the sums is counted in proportion to the classes.
        """
        if self.extract_ms is None:
            return None
        built = [one.learn_ms for one in self.heads if one.method == "imprinting"]
        rest = max(built, default=0.0) * classes / max(self.classes, 1)
        return pictures * (self.extract_ms.estimate + self.imprint_ms) + rest


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What the vendor measured: so many pictures of so many classes, by device, and where it says so."""

    pictures: int
    classes: int
    figures_ms: Sequence[tuple[str, float]] = field(default_factory=tuple)
    source: str = ""


def vendor_workload() -> Workload:
    """Google's own benchmark of weight imprinting: random pictures, serializing the model included."""
    table = files("devbench.learn").joinpath("published.csv").read_text(encoding="utf-8")
    comment, *lines = table.splitlines()
    rows = csv.DictReader(lines)
    return Workload(
        pictures=200,
        classes=10,
        figures_ms=tuple((row["device"], float(row["milliseconds"])) for row in rows),
        source=comment.removeprefix("# ").strip(),
    )
