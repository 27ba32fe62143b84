"""Will a .tflite file run on an Edge TPU? Each rule of the compiler, and what it would leave to the CPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from devbench import Check, Graph, ModelError, Operation, read_graph
from devbench_edgetpu.check.compiled_rules import beside, of_compiled
from devbench_edgetpu.check.evidence import Fate, Judgement
from devbench_edgetpu.check.mapping import Prediction, predict
from devbench_edgetpu.check.operations import OPERATIONS
from devbench_edgetpu.check.parameters import LEAST_MEMORY, MOST_MEMORY, fits, kept_bytes
from devbench_edgetpu.check.reasons import (
    SAMPLING,
    constant_weights,
    dimensions,
    draws_random_numbers,
    eight_bits,
    fixed_sizes,
)
from devbench_edgetpu.check.traps import instead, traps
from devbench_edgetpu.check.versions import COMPILER, NEWEST_RUNTIME, TENSORFLOW, doubt, refusal
from devbench_edgetpu.compiled import is_compiled

VERDICT = "runs on an Edge TPU"
_OTHER_FORMATS = {
    ".h5": "a Keras model",
    ".keras": "a Keras model",
    ".pb": "a frozen TensorFlow graph",
    ".onnx": "an ONNX model",
    ".pt": "a PyTorch model",
    ".pth": "a PyTorch model",
    ".pt2": "a PyTorch model",
}
# The rules of which the compiler takes all or nothing.
_REFUSALS = ("fixed sizes", "readable by the compiler")


def check_file(path: Path) -> list[Check]:
    """The verdict on the file at `path`, then each rule, kept or broken; a `ModelError` if it is no .tflite file."""
    _refuse_other_formats(path)
    if is_compiled(path):
        return list(of_compiled(path))
    graph = read_graph(path)
    prediction = predict(graph)
    return [*check_graph(graph, prediction), *beside(path, prediction)]


def check_graph(graph: Graph, prediction: Prediction) -> Iterator[Check]:
    """The verdict on a graph that is not compiled, then each rule."""
    rules = [eight_bits(graph), fixed_sizes(graph), constant_weights(graph), dimensions(graph), _readable(graph)]
    yield _verdict(
        prediction,
        refused=[one.name for one in rules if one.name in _REFUSALS and one.good is False],
        doubtful=[one.name for one in rules if one.name in _REFUSALS and one.good is None],
    )
    yield from rules
    yield _operations(prediction)
    yield from _not_known(prediction)
    yield from traps(graph)
    if prediction.most:
        yield _runtime(prediction)
        yield _memory(prediction)
    yield _evidence(prediction)


def _refuse_other_formats(path: Path) -> None:
    if path.is_dir():
        what = "a SavedModel" if (path / "saved_model.pb").exists() else "a folder"
    else:
        what = _OTHER_FORMATS.get(path.suffix, "")
    if what:
        raise ModelError(
            f"{path}: this is {what}, not a .tflite file",
            "Name a file in it." if what == "a folder" else "Convert it, fully quantized: see docs/edgetpu.md.",
        )


def _verdict(prediction: Prediction, refused: Sequence[str], doubtful: Sequence[str]) -> Check:
    total, on_cpu = len(prediction.judged), prediction.on_cpu
    fewest, most = total - on_cpu.stop + 1, total - on_cpu.start
    good: bool | None = not refused and not on_cpu.start
    if refused:
        text = f"no: the compiler will refuse the file ({' and '.join(refused)})"
    elif not prediction.most:
        text = "no: nothing of it can be mapped"
    elif most == fewest == total:
        text = f"yes, all {total} operations of it" if total > 1 else "yes"
    elif most == total:
        good, text = None, f"not known: {fewest} to {total} of {total} operations; {_left(on_cpu)} stay on the CPU"
    else:
        span = most if most == fewest else f"{fewest} to {most}"
        text = f"in part: {span} of {total} operations; {_left(on_cpu)} stay on the CPU"
    if doubtful and not refused and prediction.most:
        good, text = good and None, f"{text}, if the compiler takes the file ({' and '.join(doubtful)})"
    return Check(name=VERDICT, good=good, text=text)


def _left(on_cpu: range) -> str:
    return f"{on_cpu.start}" if len(on_cpu) == 1 else f"{on_cpu.start} to {on_cpu.stop - 1}"


def _readable(graph: Graph) -> Check:
    name = "readable by the compiler"
    refused = [(one, text) for one in graph.operations if (text := refusal(one))]
    if found := refused or [(one, text) for one in graph.operations if (text := doubt(one))]:
        operation, reason = found[0]
        hint = f"Replace it, or convert with TensorFlow {TENSORFLOW} or older."
        if draws_random_numbers(operation):
            hint = SAMPLING
        elif operation.custom:
            hint = "Replace it by operations of TensorFlow Lite, or move it out of the model."
        more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
        return Check(name=name, good=False if refused else None, text=f"{operation} {reason}{more}", hint=hint)
    return Check(name=name, good=True, text=f"no operation is newer than TensorFlow {TENSORFLOW}")


def _operations(prediction: Prediction) -> Check:
    total, left = len(prediction.judged), prediction.having(Fate.LEFT)
    if not left:
        sure = sum(judgement.fate is Fate.MAPPED for _, judgement in prediction.judged)
        text = f"all {total} can be mapped" if sure == total else f"{sure} of {total} can be mapped"
        return Check(name="operations", good=True, text=text)
    kinds = ", ".join(f"{name} {count}" for name, count in Counter(one.name for one, _ in left).items())
    named = {operation.number for operation, _ in left}
    behind = sum(one.number not in named for one, _ in prediction.judged) - len(prediction.most)
    rest = f"; {behind} more come after one of them" if behind else ""
    operation, judgement = left[0]
    return Check(
        name="operations",
        good=False,
        text=f"{len(left)} cannot be mapped ({kinds}); the first is {operation}: {judgement.reason}{rest}",
        hint=_about_left(left),
    )


def _about_left(left: Sequence[tuple[Operation, Judgement]]) -> str:
    if any(draws_random_numbers(operation) for operation, _ in left):
        return SAMPLING
    known = {operation.name: text for operation, _ in left if (text := instead(operation))}
    if known:
        return " ".join(f"{name}: {text}" for name, text in known.items())
    return "Replace them, or move them to the end: what follows one stays on the CPU."


def _not_known(prediction: Prediction) -> Iterator[Check]:
    """Each kind of reason once, with how many operations it is about."""
    unsure = prediction.having(Fate.UNKNOWN)
    reasons = Counter((one.name, judgement.evidence, judgement.source) for one, judgement in unsure)
    for (name, evidence, source), count in reasons.items():
        first, judgement = next(
            (one, judged) for one, judged in unsure if (one.name, judged.source) == (name, source)
        )  # fmt: skip
        more = f", and {count - 1} more {name}" if count > 1 else ""
        yield Check(
            name="not known",
            good=None,
            text=f"whether {first} is mapped{more}: it {judgement.reason} ({evidence}: {source})",
            hint=instead(first) or "Only the compiler can tell: `edgetpu_compiler -s`, or `devbench run` where it is.",
        )


def _runtime(prediction: Prediction) -> Check:
    known = {operation.name: OPERATIONS[operation.name].since for operation in prediction.most}
    since = max(known.values(), default=0)
    names = ", ".join(name for name, one in known.items() if one == since)
    least = f"version {since} or newer, for {names}" if since else "any version"
    return Check(
        name="runtime",
        good=True,
        text=f"{least}; compiler {COMPILER} asks for {NEWEST_RUNTIME} unless `compiler_min_runtime` says less",
    )


def _memory(prediction: Prediction) -> Check:
    kept = kept_bytes(prediction)
    good = fits(kept)
    answer = {True: "fits", False: "does not fit", None: "may or may not fit"}[good]
    memory = f"{LEAST_MEMORY / 2**20:.0f} to {MOST_MEMORY / 2**20:.1f}"
    travelling = f"at least {(kept[0] - MOST_MEMORY) / 2**20:.1f} MiB" if good is False else "what does not fit"
    return Check(
        name="memory on the chip",
        good=None if good is None else True,
        text=f"{kept[0] / 2**20:.2f} to {kept[1] / 2**20:.2f} MiB of parameters, and it holds {memory}: {answer}",
        hint="" if good else f"With every inference, {travelling} is sent again: this works, but it is slower.",
    )


def _evidence(prediction: Prediction) -> Check:
    counts = Counter(str(judgement.evidence) for _, judgement in prediction.judged)
    listed = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    return Check(name="evidence", good=True, text=f"of {len(prediction.judged)} operations: {listed}")
