"""Is `devbench check` right? Its predictions for the Edge TPU beside what the real compiler did.

    uv run python benchmarks/edgetpu_check.py MODELS [--operations CSV] [--write-seen FILE]

MODELS is a folder with pairs X.tflite and X_edgetpu.tflite, at any depth ($DEVBENCH_TEST_MODELS if it is left out). CSV
lists operations with what became of them, one row each: op, version, inputs, outputs, types, attributes, fate, models.
Exits with 1 if anything is outside what was predicted. --write-seen condenses the CSV into the plugin's own table.
"""

from __future__ import annotations

import argparse
import csv
import os
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench import Operation, Tensor, read_graph
from devbench_edgetpu.check.evidence import Fate
from devbench_edgetpu.check.mapping import Prediction, judge, predict
from devbench_edgetpu.check.parameters import kept_bytes
from devbench_edgetpu.compiled import CompiledFile, read_compiled

_SUFFIX = "_edgetpu"
_CONSTANTS = {  # positions of inputs that stand in the file
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "FULLY_CONNECTED": (1, 2),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "MEAN": (1,),
    "PAD": (1,),
    "SPLIT": (0,),
    "ARG_MAX": (1,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(1, 24)),
}
_OPTIONS = {
    "dilationWFactor": "dilation_w",
    "dilationHFactor": "dilation_h",
    "axis": "axis",
}


@dataclass(frozen=True)
class Pair:
    """A network before and after the compiler."""

    name: str
    predicted: Prediction
    compiled: CompiledFile

    @property
    def on_cpu(self) -> int:
        return sum(self.compiled.cpu_operations.values())

    @property
    def inside(self) -> bool:
        return self.on_cpu in self.predicted.on_cpu and self.kept_inside

    @property
    def kept(self) -> int:
        return self.compiled.cached_bytes + self.compiled.streamed_bytes

    @property
    def kept_inside(self) -> bool:
        low, high = kept_bytes(self.predicted)
        return low <= self.kept <= high


def pairs(folder: Path) -> Iterator[Pair]:
    """Every X.tflite in the folder that has an X_edgetpu.tflite beside it."""
    for path in sorted(folder.rglob("*.tflite")):
        compiled = path.with_name(f"{path.stem}{_SUFFIX}.tflite")
        if compiled.exists():
            yield Pair(path.stem, predict(read_graph(path)), read_compiled(compiled))


def operations(path: Path) -> Iterator[tuple[Operation, Mapping[str, str]]]:
    """Each operation of the CSV, as far as its row tells, with the row."""
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            yield _operation(number, row), row


def _operation(number: int, row: Mapping[str, str]) -> Operation:
    name, types = row["op"], row["types"].lower().split(";")
    shapes = [_shape(text) for text in row["inputs"].split(";") if text != "-"]
    results = [_shape(text) for text in row["outputs"].split(";")]
    constants = _CONSTANTS.get(name, ())
    inputs = [
        Tensor(
            number=position,
            name="",
            dtype="int32" if position in constants and name not in {"UNIDIRECTIONAL_SEQUENCE_LSTM"} else types[0],
            shape=shape,
            constant=position in constants,
            data=_data(name, shapes, results) if position in constants else b"",
        )
        for position, shape in enumerate(shapes)
    ]
    if name == "SPLIT":
        types = types[1:]
        inputs[1] = Tensor(number=1, name="", dtype=types[0], shape=shapes[1])
    last = types[-1] if name in {"CAST", "QUANTIZE", "DEQUANTIZE", "ARG_MAX"} else types[0]
    outputs = [Tensor(number=100 + k, name="", dtype=last, shape=shape) for k, shape in enumerate(results)]
    given = dict(pair.split("=", 1) for pair in row["attributes"].split(" ") if "=" in pair and "[" not in pair)
    options = {ours: int(given[theirs]) for theirs, ours in _OPTIONS.items() if theirs in given}
    return Operation(
        number=number,
        name=name,
        version=int(row["version"]),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        options=options,
    )


def _shape(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split("x")) if text else ()


def _data(name: str, inputs: Sequence[tuple[int, ...]], outputs: Sequence[tuple[int, ...]]) -> bytes:
    """What the parameters must have been, where the sizes tell."""
    if name == "PAD":
        values = [size for old, new in zip(inputs[0], outputs[0], strict=True) for size in (0, new - old)]
    elif name == "MEAN":
        values = [axis for axis, (old, new) in enumerate(zip(inputs[0], outputs[0], strict=True)) if old != new]
    elif name == "SPLIT":
        differing = [axis for axis, (old, new) in enumerate(zip(inputs[1], outputs[0], strict=True)) if old != new]
        values = differing[:1] or [0]
    else:
        return b""
    return struct.pack(f"<{len(values)}i", *values)


def _print_pairs(found: Sequence[Pair]) -> None:
    print("| network | operations | on the CPU, predicted | on the CPU | MiB kept, predicted | MiB kept | inside |")
    print("|---|--:|--:|--:|--:|--:|---|")
    for pair in found:
        cpu, (low, high) = pair.predicted.on_cpu, kept_bytes(pair.predicted)
        print(
            f"| {pair.name} | {len(pair.predicted.judged)} | {_range(cpu)} | {pair.on_cpu} |"
            f" {low / 2**20:.2f} to {high / 2**20:.2f} | {pair.kept / 2**20:.2f} | {'yes' if pair.inside else 'NO'} |"
        )
    widths = [len(pair.predicted.on_cpu) - 1 for pair in found]
    shares = [width / len(pair.predicted.judged) for width, pair in zip(widths, found, strict=True)]
    print(
        f"\n{len(found)} pairs, {sum(pair.inside for pair in found)} inside; one number instead of a range for"
        f" {widths.count(0)}; widest range {max(widths)} operations, {max(shares):.0%} of the network"
    )


def _range(numbers: range) -> str:
    return str(numbers.start) if len(numbers) == 1 else f"{numbers.start} to {numbers.stop - 1}"


def _wrong(judged: Fate, fate: str) -> bool:
    """`left, behind another` says nothing of the operation itself."""
    return (judged is Fate.LEFT and fate == "mapped") or (judged is Fate.MAPPED and fate == "left")


def _print_operations(found: Sequence[tuple[Operation, Mapping[str, str]]]) -> int:
    table: dict[str, Counter[Fate]] = defaultdict(Counter)
    wrong = []
    for operation, row in found:
        judgement = judge(operation)
        table[row["fate"]][judgement.fate] += 1
        if _wrong(judgement.fate, row["fate"]):
            wrong.append(f"{row['op']} {row['inputs']} -> {row['outputs']}: {row['fate']}, but {judgement.because}")
    print(f"\n| what became of it | {' | '.join(f'predicted {fate}' for fate in Fate)} |")
    print(f"|---|{'--:|' * len(Fate)}")
    for fate, counts in table.items():
        print(f"| {fate} | {' | '.join(str(counts[one]) for one in Fate)} |")
    print(f"\n{len(found)} distinct operations, {len(wrong)} judged wrongly")
    print("".join(f"\n{line}" for line in wrong))
    return len(wrong)


def seen_rows(found: Sequence[tuple[Operation, Mapping[str, str]]]) -> list[str]:
    """The plugin's table: by name, how many different operations were mapped and left, files, largest tensor."""
    rows = []
    for name in sorted({operation.name for operation, _ in found}):
        mapped = [(one, row) for one, row in found if one.name == name and row["fate"] == "mapped"]
        left = sum(one.name == name and row["fate"] == "left" for one, row in found)
        files = {model for _, row in mapped for model in row["models"].split()}
        largest = max((one.largest for one, _ in mapped), default=0)
        if mapped or left:
            rows.append(f"{name},{len(mapped)},{left},{len(files)},{largest}")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="?", type=Path, default=os.environ.get("DEVBENCH_TEST_MODELS"))
    parser.add_argument("--operations", type=Path)
    parser.add_argument("--write-seen", type=Path)
    arguments = parser.parse_args()
    failed = False
    if arguments.models:
        found = list(pairs(Path(arguments.models)))
        _print_pairs(found)
        failed = not all(pair.inside for pair in found)
    if arguments.operations:
        listed = list(operations(arguments.operations))
        if arguments.write_seen:
            head = "# Operations of public files by Google, before and after their compiler: see evidence.py.\n"
            rows = "\n".join(["operation,mapped,left,files,largest", *seen_rows(listed)])
            arguments.write_seen.write_text(f"{head}{rows}\n")
        failed = bool(_print_operations(listed)) or failed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
