"""What an engine did wrong, rule by rule, from what was seen of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from devbench.domain.conditions import Reason
from devbench.domain.model import TensorSpec
from devbench.testing.probe import STEPS

Arrays = Mapping[str, npt.NDArray[Any]]
Answer = Callable[[list[npt.NDArray[Any]]], list[npt.NDArray[Any]]]  # the right outputs for these inputs

RULES: Mapping[str, str] = {
    "registration": "what the runtime says of itself can be used",
    "engine-file": "Python 3.6 reads the engine, which imports nothing of devbench and has all members",
    "works": "every step of an engine works, again and again",
    "facts": "facts() is text by name, with runtime_version",
    "file": "inputs and outputs are those of the file, in type and shape",
    "refusal": "a file that is not a model is refused",
    "numbers": "outputs are finite numbers of the type and shape that their spec says",
    "answers": "the answers are right",
    "follows": "every input has its own answer, as soon as invoke() has returned",
    "repeats": "the same input has the same answer, and outputs() can be asked twice",
    "time": "an inference in the timed loop does all of the work, and nothing else does any of it",
    "threads": "no more threads compute than the option `threads` asks for",
    "memory": "memory does not grow with the number of inferences",
    "measured": "devbench measures a round of it",
}
_TOLERANCE = 0.02  # of the largest value: a like-for-like ratio allows no more
_LEAK_BYTES = 2 << 20  # in a third of the inferences, twice in a row
_BUSY_SHARE = 0.2  # of the CPU time of the busiest thread
_FEWEST_TICKS = 10
_THIRDS = 3


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found of an engine. Every rule that is in neither is kept.

    broken: the rules that it breaks, each with how. skipped: those that could not be looked at, each with the reason.
    """

    broken: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of one engine. report, arrays: what `probe.py` gives. reasons: of the verdict of a round.

    answer: gives the right outputs; None where nobody knows them. threads: that may compute; 0 if nothing says so.
    checked: whether the round was looked at as every round of a run is.
    """

    inputs: Sequence[TensorSpec]
    outputs: Sequence[TensorSpec]
    report: Mapping[str, Any]
    arrays: Arrays
    answer: Answer | None = None
    threads: int = 0
    refused: bool = True
    reasons: Sequence[Reason] = field(default_factory=tuple)
    round_error: str = ""
    checked: bool = True


def broken_at_once(rule: str, how: str) -> Findings:
    """The findings where a broken `rule` keeps all those after it from being looked at."""
    rules = list(RULES)
    later = rules[rules.index(rule) + 1 :]
    return Findings(broken={rule: how}, skipped=dict.fromkeys(later, f"'{rule}' is broken"))


def findings(seen: Seen) -> Findings:
    """The rules that are broken, and those that could not be looked at."""
    broken = _broken(seen)
    skipped = {rule: why for rule, why in _not_reached(seen, broken) if why and rule not in broken}
    return Findings(broken=broken, skipped={rule: skipped[rule] for rule in RULES if rule in skipped})


def _not_reached(seen: Seen, broken: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each rule with the reason why nothing was seen of it; "" where enough was."""
    report, right = seen.report, _right(seen)
    why = f"the engine failed before: {broken['works']}" if "works" in broken else "nothing was seen of it"
    outputs = _steps(seen)
    for rule, known in (
        ("facts", "facts" in report),
        ("refusal", "facts" in report),  # who refuses every file proves nothing
        ("file", "outputs" in report),
        ("numbers", bool(outputs)),
        ("follows", set(right) == {"a", "b"}),
        ("repeats", "same_twice" in report),
        ("memory", len(report.get("resident", ())) >= _THIRDS),
    ):
        yield rule, "" if known else why
    if outputs and set(right) != {"a", "b"}:
        yield "follows", "its inputs are not those of the file"
    if "resident" in report and len(report["resident"]) < _THIRDS:
        yield "memory", "an inference takes so long that there were too few of them"
    if not seen.answer:
        yield "answers", "nobody knows the right ones: give the contract `answer`"
    elif not right:
        yield "answers", "its inputs are not those of the file" if outputs else why
    if not seen.threads:
        yield "threads", "the runtime has no option `threads`"
    elif not report.get("thread_ticks") or report["thread_ticks"][0] < _FEWEST_TICKS:
        yield "threads", why if "works" in broken else "it used too little CPU time in this process"
    if not seen.checked:
        yield "time", "no round was looked at: it failed, or its time limit was too close"


def _broken(seen: Seen) -> dict[str, str]:
    report = seen.report
    found: dict[str, str] = {}

    def note(rule: str, text: str) -> None:
        if text:
            found.setdefault(rule, text)

    if "error" in report:
        note("works", "in the step '{}': {}".format(*report["error"]))
    if not seen.refused:
        note("refusal", "load() took a file of random bytes for a model")
    note("facts", _facts(report.get("facts")))
    for what in ("inputs", "outputs"):
        note("file", _specs(what, report.get(what), getattr(seen, what)))
    note("numbers", _numbers(report.get("outputs", []), _answers(seen, 0)))
    note("follows", _follows(seen))
    note("answers", _wrong(seen))
    note("repeats", _repeats(seen))
    note("threads", _threads(report.get("thread_ticks", []), seen.threads))
    note("memory", _memory(report.get("resident", [])))
    for reason in seen.reasons:
        rule = {"threads": "threads", "leak": "memory", "other-shapes": "file", "late-answer": "follows"}
        note(rule.get(reason.code, "follows" if reason.code == "same-answer" else "time"), reason.text)
    note("measured", seen.round_error)
    return found


def _facts(facts: Mapping[str, Sequence[str]] | None) -> str:
    if facts is None:
        return ""
    for name, (kind, _) in facts.items():
        if kind != "str":
            return f"'{name}' is of type {kind}, and must be text"
    return "" if "runtime_version" in facts else "there is no runtime_version"


def _specs(what: str, given: Sequence[Mapping[str, Any]] | None, said: Sequence[TensorSpec]) -> str:
    if given is None:
        return ""
    if what == "outputs" and not given:
        return "outputs() gives nothing"
    if not said:
        return f"the {what} in the file are not known: prepare() does not say them"
    if len(given) != len(said):
        return f"{len(given)} {what}, and the file has {len(said)}"
    for spec, one in zip(given, said, strict=True):
        if spec["dtype"] != one.dtype:
            return f"{what[:-1]} '{one.name}' has type {spec['dtype']}, and in the file {one.dtype}"
        if not _fits(list(spec["shape"]), list(one.shape)):
            return f"{what[:-1]} '{one.name}' has shape {list(spec['shape'])}, and in the file {list(one.shape)}"
    return ""


def _fits(here: list[int], there: list[int]) -> bool:
    return len(here) == len(there) and all(size in (-1, other) for size, other in zip(there, here, strict=True))


def _numbers(specs: Sequence[Mapping[str, Any]], outputs: Sequence[npt.NDArray[Any]]) -> str:
    for spec, array in zip(specs, outputs, strict=False):
        if spec["dtype"] != spec["given"]:
            return f"output '{spec['name']}' is an array of {spec['given']}, and its spec says {spec['dtype']}"
        if list(spec["shape"]) != list(spec["size"]):
            return f"output '{spec['name']}' is an array of shape {spec['size']}, and its spec says {spec['shape']}"
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            return f"output '{spec['name']}' has values that are not numbers"
    return ""


def _answers(seen: Seen, step: int) -> list[npt.NDArray[Any]]:
    return _numbered(seen.arrays, f"out_{step}")


def _numbered(arrays: Arrays, start: str) -> list[npt.NDArray[Any]]:
    count = sum(name.startswith(f"{start}_") for name in arrays)
    return [arrays[f"{start}_{index}"] for index in range(count)]


def _steps(seen: Seen) -> list[tuple[str, list[npt.NDArray[Any]]]]:
    return [(name, outputs) for step, (name, _) in enumerate(STEPS) if (outputs := _answers(seen, step))]


def _distance(one: Sequence[npt.NDArray[Any]], other: Sequence[npt.NDArray[Any]]) -> float:
    """The largest difference of two numbers, as a share of the largest one; infinite where the shapes differ.

    The zeros are equal, and so are two values that are both not a number, or the same infinity.
    """
    if len(one) != len(other):
        return math.inf
    worst = 0.0
    for mine, its in zip(one, other, strict=True):
        if mine.shape != its.shape:
            return math.inf
        unlike = ~((mine == its) | (_is_nan(mine) & _is_nan(its)))
        if unlike.any():
            apart = np.abs(_wide(mine[unlike]) - _wide(its[unlike]))
            finite = np.abs(_wide(its[np.isfinite(its)]))
            largest = max(float(np.max(finite, initial=0.0)), 1e-6)
            worst = max(worst, float(np.max(apart)) / largest if np.isfinite(apart).all() else math.inf)
    return worst


def _is_nan(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.isnan(values) if values.dtype.kind in "fc" else np.zeros(values.shape, bool)


def _wide(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def _right(seen: Seen) -> dict[str, list[npt.NDArray[Any]]]:
    """The right answers to both inputs; without anybody who knows them, the engine's own, given a second inference."""
    steps = list(enumerate(STEPS))
    if seen.answer is None:
        later = {name: _answers(seen, step) for step, (name, times) in steps if times > 1}
        return {name: outputs for name, outputs in later.items() if outputs}
    fed = {name: _numbered(seen.arrays, f"in_{name}") for name in ("a", "b")}
    if any([array.shape for array in arrays] != [spec.shape for spec in seen.inputs] for arrays in fed.values()):
        return {}  # that they are not the file's is another rule
    return {name: seen.answer(arrays) for name, arrays in fed.items()}


def _wrong(seen: Seen) -> str:
    right = _right(seen) if seen.answer else {}
    for step, (name, times) in enumerate(STEPS):
        outputs = _answers(seen, step)
        if outputs and name in right and times > 1 and (apart := _distance(outputs, right[name])) > _TOLERANCE:
            if math.isinf(apart):
                return "an answer has another shape than the right one, or values that are not numbers"
            return f"an answer is {apart:.0%} of the largest value away from the right one"
    return ""


def _follows(seen: Seen) -> str:
    right = _right(seen)
    if set(right) != {"a", "b"}:
        return ""
    if _distance(right["a"], right["b"]) <= _TOLERANCE:
        return "two different inputs got the same answer"
    for name, outputs in _steps(seen):
        other = right["b" if name == "a" else "a"]
        if _distance(outputs, right[name]) > _TOLERANCE >= _distance(outputs, other):
            return "after another input was fed, invoke() returned, and outputs() gave the answer to the input before"
    return ""


def _repeats(seen: Seen) -> str:
    if seen.report.get("same_twice") is False:
        return "outputs(), asked twice, gives two answers"
    first: dict[str, list[npt.NDArray[Any]]] = {}
    for name, outputs in _steps(seen):
        if _distance(outputs, first.setdefault(name, outputs)) > _TOLERANCE:
            return "the same input got two answers"
    return ""


def _threads(ticks: Sequence[int], threads: int) -> str:
    if not threads or not ticks or ticks[0] < _FEWEST_TICKS:
        return ""
    busy = sum(one > _BUSY_SHARE * ticks[0] for one in ticks)
    hint = "if numpy computes in it, limit the threads of its BLAS (docs/plugins.md)"
    return f"{busy} threads compute, and {threads} may: {hint}" if busy > threads else ""


def _memory(resident: Sequence[int]) -> str:
    if len(resident) < _THIRDS or min(np.diff(resident)) < _LEAK_BYTES:
        return ""
    return f"resident memory grew by {(resident[-1] - resident[0]) / 2**20:.0f} MiB while it inferred"
