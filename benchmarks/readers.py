"""Do old and new TensorFlow Lite interpreters read a file alike? Runs each file in each of them, and prints two tables.

    uv run python benchmarks/readers.py ENVIRONMENTS [MODEL.tflite ...] [--pictures FOLDER] [--only 2.7.0 2.14.0]

ENVIRONMENTS is a folder in which an environment is made for each interpreter, with uv; those that are there are used
again. Without MODEL: the int8 networks of the catalogue, and the network of the tests in every form. Inputs are
synthetic pictures, or those of FOLDER; noise where a network takes no pictures.

The first table has whole networks: for how many inputs an interpreter names the class that LiteRT names. LiteRT brings
two sets of kernels, which round differently; a network multiplies that. So a class is *clear* where its lead over the
second one is more than twice the largest difference between the two sets, the `bar`.

The second table has each operation by itself, with the same input in every interpreter: the largest difference from
LiteRT's answer, in steps of the output (of floats: relative to their largest). One step is rounding; more is reading.

Each cell is kept in the results file as soon as it is known, so a second start goes on where the first one ended.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.reading import networks
from benchmarks.reading.apart import take_apart, tensors_of
from benchmarks.reading.interpreters import LITERT, OWN, VERSIONS, Arrays, Reader, readers
from devbench.models.tflite_file import read_tflite

RESULTS = Path(__file__).parent / "reading" / "results.jsonl"
Cell = dict[str, Any]


@dataclass(frozen=True)
class File:
    """One file and what it is given."""

    title: str
    path: Path
    given: Arrays

    @property
    def key(self) -> str:
        """The same for the same file with the same inputs."""
        digest = hashlib.sha256(self.path.read_bytes())
        for array in self.given.values():
            digest.update(array.tobytes())
        return digest.hexdigest()[:16]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environments", type=Path)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--only", nargs="*", default=["2.7.0", "2.8.0", "2.11.0", "2.14.0"], choices=VERSIONS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--work", type=Path, help="where the network of the tests is written and kept")
    parser.add_argument("--limit-s", type=float, default=600, help="for one file in one interpreter")
    arguments = parser.parse_args()
    known = {(one["key"], one["reader"], one["what"]): one for one in _kept(arguments.results)}
    asked = readers(arguments.environments, arguments.only)
    with tempfile.TemporaryDirectory(prefix="readers-") as scratch, arguments.results.open("a") as results:
        folder = arguments.work or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        named = [(path.name, path) for path in arguments.models]
        rows = []
        for title, path in named or chain(networks.of_tests(folder), networks.catalogue(folder)):
            file = File(title, path, networks.inputs_of(path, read_tflite(path), arguments.pictures))
            cells = {}
            for cell in _cells(file, asked, known, arguments.limit_s):
                if cell.pop("new", False):
                    print(json.dumps(cell), file=results, flush=True)
                cells[cell["what"], cell["reader"]] = cell
            rows.append((title, cells))
        _print(rows, asked)


def _kept(path: Path) -> Iterator[Cell]:
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def _cells(
    file: File, asked: Sequence[Reader], known: Mapping[tuple[str, str, str], Cell], limit_s: float
) -> Iterator[Cell]:
    """What each reader makes of the whole file and of its operations, asked only where that is not known."""
    key = file.key
    for what, judged in (("whole", _whole), ("operations", _operations)):
        missing = [one for one in asked if (key, one.name, what) not in known]
        yield from (known[key, one.name, what] for one in asked if one not in missing)
        if missing:
            for reader, seconds, found in judged(file, missing, asked[:2], limit_s):
                about = {"file": file.title, "key": key, "reader": reader.name, "what": what}
                print(f"{file.title}: {what}, {reader.name}: {seconds:.1f} s", file=sys.stderr)
                yield {**about, "seconds": round(seconds, 1), **found, "new": True}


Judged = Iterator[tuple[Reader, float, Cell]]


def _whole(file: File, missing: Sequence[Reader], here: Sequence[Reader], limit_s: float) -> Judged:
    """How many classes are LiteRT's, of all and of those that are clear."""
    litert, own = (one.answers(file.path, file.given, limit_s) for one in here)
    for reader in missing:
        begin_s = time.monotonic()
        known = {LITERT: litert, OWN: own}
        found = known[reader.name] if reader.name in known else reader.answers(file.path, file.given, limit_s)
        seconds = time.monotonic() - begin_s
        if isinstance(litert, str) or isinstance(found, str):
            yield reader, seconds, {"fails": found if isinstance(found, str) else litert}
            continue
        bar = 0.0 if isinstance(own, str) else 2 * max(map(_largest, *_first(litert, own)))
        yield reader, seconds, {"bar": bar, **_classes(*_first(litert, found), bar)}


def _first(*answers: Any) -> list[list[Any]]:
    """The first output of each run, flat, of each reader."""
    names = [name for name in answers[0] if name.endswith("/0")]
    return [[one[name].astype(np.float64).reshape(-1) for name in names] for one in answers]


def _classes(wanted: list[Any], found: list[Any], bar: float) -> Cell:
    clear = [_lead(one) > bar for one in wanted]
    right = [int(np.argmax(one)) == int(np.argmax(other)) for one, other in zip(wanted, found, strict=True)]
    return {
        "of": len(wanted),
        "right": sum(right),
        "clear": sum(clear),
        "clear_right": sum(one and other for one, other in zip(clear, right, strict=True)),
        "one_class": len({int(np.argmax(one)) for one in found}) == 1 < len({int(np.argmax(one)) for one in wanted}),
        "largest": max(map(_largest, wanted, found)),
    }


def _lead(answer: Any) -> float:
    best = np.sort(answer)[-2:]
    return float(best[-1] - best[0])


def _largest(one: Any, other: Any) -> float:
    return float(np.max(np.abs(one - other)))


def _operations(file: File, missing: Sequence[Reader], here: Sequence[Reader], limit_s: float) -> Judged:
    """The largest difference of each kind of operation, when all get what LiteRT's operations get."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "apart.tflite"
        apart = take_apart(file.path, path)
        first = [array for name, array in file.given.items() if name.startswith("0/")]
        tensors = tensors_of(file.path, first, apart.inputs)
        given = {f"0/{number}": array for number, array in enumerate(tensors)}
        wanted = here[0].answers(path, given, limit_s)
        for reader in missing:
            begin_s = time.monotonic()
            found = wanted if reader.name == LITERT else reader.answers(path, given, limit_s)
            seconds = time.monotonic() - begin_s
            if isinstance(wanted, str) or isinstance(found, str):
                yield reader, seconds, {"fails": found if isinstance(found, str) else wanted}
            else:
                yield reader, seconds, _differences(wanted, found, apart.outputs)


def _differences(wanted: Arrays, found: Arrays, names: Sequence[str]) -> Cell:
    steps: dict[str, float] = {}
    relative: dict[str, float] = {}
    for number, name in enumerate(names):
        one, other = (answer[f"0/{number}"] for answer in (wanted, found))
        whole = one.dtype.kind in "iub"
        kept, scale = (steps, 1.0) if whole else (relative, float(np.max(np.abs(one), initial=0)) or 1.0)
        off = _largest(one.astype(np.float64), other.astype(np.float64)) / scale if one.size else 0.0
        kept[name] = max(kept.get(name, 0.0), off)
    return {"operations": len(names), "steps": steps, "relative": relative}


def _print(rows: Iterable[tuple[str, Mapping[tuple[str, str], Cell]]], asked: Sequence[Reader]) -> None:
    names = [one.name for one in asked[1:]]
    whole, operations = [], []
    for title, cells in rows:
        first = cells["whole", LITERT]
        about = f"{first.get('of', '')} | {_number(first.get('bar'))} | {first.get('clear', '')}"
        whole.append(f"| {title} | {about} | {' | '.join(_whole_text(cells['whole', one]) for one in names)} |")
        count = cells["operations", LITERT].get("operations", "")
        texts = [_operations_text(cells["operations", one]) for one in names]
        operations.append(f"| {title} | {count} | {' | '.join(texts)} |")
    print(f"| file | inputs | bar | clear | {' | '.join(names)} |\n|---|--:|--:|--:|{'--:|' * len(names)}")
    print("\n".join(whole))
    print(f"\n| file | operations | {' | '.join(names)} |\n|---|--:|{'--:|' * len(names)}")
    print("\n".join(operations))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _whole_text(cell: Cell) -> str:
    if "fails" in cell:
        return str(cell["fails"])
    alone = ", one class only" if cell["one_class"] else ""
    return f"{cell['right']}, clear {cell['clear_right']}{alone}"


def _operations_text(cell: Cell) -> str:
    """`1 step`, or `FULLY_CONNECTED 143 steps`: the worst, with its name where it is more than rounding."""
    if "fails" in cell:
        return str(cell["fails"])
    parts = []
    if cell["steps"]:
        name, off = max(cell["steps"].items(), key=lambda one: one[1])
        count = "1 step" if off == 1 else f"{off:.0f} steps"
        parts.append(f"{name} {count}" if off > 1 else count)
    if cell["relative"]:
        name, off = max(cell["relative"].items(), key=lambda one: one[1])
        parts.append(f"{name} {off:.0e}" if off > 1e-4 else f"{off:.0e}")
    return ", ".join(parts)


if __name__ == "__main__":
    main()
