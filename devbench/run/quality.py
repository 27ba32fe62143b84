"""What answers to pictures say: how many are right, and what changed against the source, picture by picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from devbench.domain.accuracy import (
    FEWEST_CLASSES_FOR_TOP5,
    KEPT_CLASSES,
    Accuracy,
    Answers,
    ChangeOf,
    Evaluation,
    PictureList,
    PictureName,
    Quality,
    ShareOf,
)
from devbench.stats.accuracy import Share, paired_change, share

_POINTS = 100.0
SOURCE_PRECISION = "float32"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The answers of one file to its pictures. file: where they are kept, in the run folder."""

    id: str
    model: str
    precision: str
    file: str
    evaluation: Evaluation
    pictures: PictureList
    answers: Answers

    def by_picture(self) -> dict[tuple[str, str], tuple[PictureName, tuple[int, ...]]]:
        """Each picture with its classes, best first, by name and content."""
        pairs = zip(self.pictures.pictures, self.answers.classes, strict=True)
        return {(one.name, one.sha256): (one, classes) for one, classes in pairs}


def source_of(sheet: Sheet, sheets: Sequence[Sheet]) -> Sheet | None:
    """Whose answers count as the source's: the first in float32 of the model, on whichever device; None for itself.

    It is the same one for every case of a model, so changes can be compared.
    """
    model = sheet.evaluation.against or sheet.model
    found = next(
        (
            one
            for one in sheets
            if one.model == model
            and one.precision == SOURCE_PRECISION
            and one.evaluation.images == sheet.evaluation.images
        ),
        None,
    )
    return None if found is sheet else found


def accuracy_of(sheet: Sheet, source: Sheet | None) -> Accuracy:
    """What the answers of a case say, beside those of its source."""
    mine = sheet.by_picture()
    first = [classes[0] for _, classes in mine.values()]
    labelled = sheet.pictures.labelled
    top1 = _of(share(_hits(sheet, 1), len(mine))) if labelled else None
    many = labelled and sheet.answers.outputs >= FEWEST_CLASSES_FOR_TOP5
    agreement, change = _against(mine, source, labelled=labelled)
    return Accuracy(
        images=sheet.pictures.source,
        pictures=len(mine),
        classes=sheet.answers.outputs,
        top1=top1,
        top5=_of(share(_hits(sheet, KEPT_CLASSES), len(mine))) if many else None,
        agreement=agreement,
        change=change,
        reference=source.id if source else "",
        reference_file=source.file if source else "",
        one_class=len(set(first)) == 1 and len(first) > 1 and len(sheet.pictures.classes) != 1,
        chance=bool(top1 and top1.low <= _most_frequent(sheet.pictures)),
        quality=_quality(sheet.evaluation.drop, change, agreement),
        drop=sheet.evaluation.drop,
    )


def _hits(sheet: Sheet, most: int) -> int:
    pairs = zip(sheet.pictures.pictures, sheet.answers.classes, strict=True)
    return sum(picture.wanted in classes[:most] for picture, classes in pairs)


def _most_frequent(pictures: PictureList) -> float:
    """The share that is right by always naming the class with the most pictures."""
    counts = Counter(one.wanted for one in pictures.pictures)
    return max(counts.values()) / len(pictures.pictures) if len(counts) > 1 else -1.0


def _against(
    mine: dict[tuple[str, str], tuple[PictureName, tuple[int, ...]]], source: Sheet | None, *, labelled: bool
) -> tuple[ShareOf | None, ChangeOf | None]:
    """Agreement and change over the pictures that both have answered."""
    its = source.by_picture() if source else {}
    both = [key for key in mine if key in its]
    if not both:
        return None, None
    now, before = (_first(those, both) for those in (mine, its))
    agreement = _of(share(int((now == before).sum()), len(both)))
    if not labelled:
        return agreement, None
    wanted = np.array([mine[key][0].wanted for key in both])
    right_now, right_before = now == wanted, before == wanted
    found = paired_change(right_before, right_now)
    names = np.array([name for name, _ in both], dtype=object)
    change = ChangeOf(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        lost=tuple(names[right_before & ~right_now].tolist()),
        won=tuple(names[right_now & ~right_before].tolist()),
    )
    return agreement, change


def _first(
    answers: dict[tuple[str, str], tuple[PictureName, tuple[int, ...]]], keys: Sequence[tuple[str, str]]
) -> npt.NDArray[np.int64]:
    return np.array([answers[key][1][0] for key in keys], dtype=np.int64)


def _quality(drop: float | None, change: ChangeOf | None, agreement: ShareOf | None) -> Quality:
    """Kept or lost if the whole interval is on that side of the drop; else undecided: more pictures decide it."""
    if drop is None:
        return ""
    if change:
        low, high = change.low * _POINTS, change.high * _POINTS
    elif agreement:
        low, high = (agreement.low - 1) * _POINTS, (agreement.high - 1) * _POINTS
    else:
        return ""
    if high < -drop:
        return "lost"
    return "kept" if low >= -drop else "undecided"


def _of(found: Share) -> ShareOf:
    return ShareOf(estimate=found.estimate, low=found.low, high=found.high, hits=found.hits)
