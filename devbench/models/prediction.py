"""What a classifier said of the image: the first class, its label and its score."""

from __future__ import annotations

import re
from pathlib import Path

from devbench.domain.outcome import OutputTensor, Prediction
from devbench.errors import DevbenchError
from devbench.files import read_regular

_LARGEST_LABELS_BYTES = 4 << 20
_NUMBERED = re.compile(r"\s*([0-9]{1,6})(?:\s*[:,]\s*|\s+)(\S.*)")
_ROUNDING = 0.02  # of quantized probabilities
_HINT = "Labels are a file of text in UTF-8, one label a line."


def read_labels(path: Path) -> list[str]:
    """One label a line; the number before it goes where every line has its own, as `0 daisy` in Coral's examples."""
    try:
        return label_names(read_regular(path, _LARGEST_LABELS_BYTES).decode("utf-8"))
    except OSError as error:
        raise DevbenchError(f"{path}: the labels cannot be read: {error.strerror}", _HINT) from error
    except UnicodeDecodeError as error:
        raise DevbenchError(f"{path}: the labels are not UTF-8 text (byte {error.start})", _HINT) from error


def label_names(text: str) -> list[str]:
    """The labels in a text: its lines, or by number where each line has the number of its class before it."""
    lines = text.splitlines()
    filled = [line for line in lines if line.strip()]
    found = [_NUMBERED.fullmatch(line) for line in filled]
    numbers = [int(one[1]) for one in found if one]
    if (
        not filled
        or len(numbers) != len(filled)
        or len(set(numbers)) != len(numbers)
        or max(numbers) >= 2 * len(numbers)
    ):
        return lines
    names = {int(one[1]): one[2].strip() for one in found if one}
    return [names.get(number, "") for number in range(max(numbers) + 1)]


def predict(outputs: tuple[OutputTensor, ...], labels: list[str]) -> Prediction | None:
    """The first class of the first output; None where that was not kept whole.

    Lists of ImageNet labels come with and without a line for the background; a network without that
    class counts from the second line of a list with it.
    """
    if not outputs or not outputs[0].data or not outputs[0].whole:
        return None
    scores = outputs[0].real(outputs[0].data)
    index = int(scores.argmax())
    shift = 1 if len(labels) == scores.size + 1 else 0
    label = labels[index + shift] if len(labels) == scores.size + shift else ""
    logit = bool(scores.min() < -_ROUNDING or scores.max() > 1 + _ROUNDING)
    return Prediction(index=index, label=label, score=float(scores[index]), logit=logit)
