"""What a classifier said of the image: the first class, its label and its score."""

from __future__ import annotations

from pathlib import Path

from devbench.domain.outcome import OutputTensor, Prediction
from devbench.errors import DevbenchError
from devbench.files import read_regular

_LARGEST_LABELS_BYTES = 4 << 20
_HINT = "Labels are a file of text in UTF-8, one label a line."


def read_labels(path: Path) -> list[str]:
    """One label a line."""
    try:
        return read_regular(path, _LARGEST_LABELS_BYTES).decode("utf-8").splitlines()
    except OSError as error:
        raise DevbenchError(f"{path}: the labels cannot be read: {error.strerror}", _HINT) from error
    except UnicodeDecodeError as error:
        raise DevbenchError(f"{path}: the labels are not UTF-8 text (byte {error.start})", _HINT) from error


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
    return Prediction(index=index, label=label, score=float(scores[index]))
