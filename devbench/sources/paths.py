"""What a path is that cannot be used as it stands, and which one somebody probably meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from devbench.suites.names import similar

MODELS = (".tflite", ".onnx", ".engine", ".pb", ".h5", ".keras")
SUITES = (".yaml", ".yml")
CSVS = (".csv",)
_WHAT_TAKES_IT = {
    MODELS: "This looks like a model: `devbench check {0}` looks inside a .tflite file, and a suite names it as the"
    " `source` of one of its `models` (docs/suites.md).",
    SUITES: "This looks like a suite: `devbench run {0}` measures it.",
    CSVS: "This looks like a results CSV: `devbench report {0}` shows it.",
}
_MOST_NAMES = 3
_MOST_LISTED = 10_000


def what_takes(path: Path) -> str:
    """Which command takes such a file, by the ending of its name; "" if that is not known."""
    return next((text.format(path) for ends, text in _WHAT_TAKES_IT.items() if path.suffix.lower() in ends), "")


def did_you_mean(path: Path, candidates: Iterable[Path]) -> str:
    """`Did you mean X?`, by the names of `candidates`; "" if none is like `path`."""
    by_name: dict[str, Path] = {}
    for one in candidates:
        by_name.setdefault(one.name, one)
        by_name.setdefault(one.stem, one)
    names = [path.name] if path.name in by_name else similar(path.name, list(by_name))
    found = list(dict.fromkeys(str(by_name[name]) for name in names))
    return f"Did you mean {' or '.join(found)}?" if found else ""


def listed(folder: Path, *suffixes: str) -> Iterator[Path]:
    """Files and folders in `folder`, or only those with such an ending; nothing where it cannot be read."""
    try:
        names = sorted(os.listdir(folder))[:_MOST_LISTED]  # noqa: PTH208 - names are enough
    except OSError:
        return
    for name in names:
        if not name.startswith(".") and (not suffixes or name.endswith(suffixes)):
            yield folder / name


def some(names: Iterable[object]) -> str:
    """The first few, with commas."""
    texts = [str(name) for name in names]
    return ", ".join(texts[:_MOST_NAMES]) + (", …" if len(texts) > _MOST_NAMES else "")
