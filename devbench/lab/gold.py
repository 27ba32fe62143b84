"""The gold case: a case that is measured first every night, and tells whether a place is well.

A place is well if it gives the answer that it has always given, in the time that it has always taken. What it gave and
took is kept, a line for each, in a file that only grows; the answer itself beside it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.lab import Gold, PlaceKey
from devbench.domain.night import GoldResult
from devbench.domain.outcome import Failed, Measured, OutputTensor, Skipped
from devbench.domain.ranges import NotNegative, Positive
from devbench.domain.run import CaseRecord, Request, Run
from devbench.errors import DevbenchError, RunFolderError
from devbench.files import make_folder, read_regular, write_whole
from devbench.store.codec import decode_outputs, encode_outputs
from devbench.store.folder import RunFolder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pydantic import TypeAdapter

GOLD_FILE = "gold.jsonl"
ANSWERS = "gold-answers"
_LARGEST_BYTES = 64 << 20
_FEWEST_NIGHTS = 3
_MOST_NIGHTS = 40
_SPREADS = 4.0  # of the nights before, in standard deviations
_SAME_WITHIN = 0.01  # of the range of an output: what rounding may do to floating-point numbers
_TROUBLE = (
    "",
    "connect",
    "copy",
    "prepare",
    "settle",
    "start",
    "result",
)  # the device has no part in these


@dataclass(frozen=True, kw_only=True)
class GoldLine:
    """One gold case that was right. case: what must be the same for two of them to be compared."""

    night: str
    device: str
    place: str
    case: str
    ms: Positive
    low_ms: NotNegative
    high_ms: NotNegative


@cache
def _adapter() -> TypeAdapter[GoldLine]:
    from pydantic import TypeAdapter

    return TypeAdapter(GoldLine)


def gold_request(gold: Gold, key: PlaceKey, base: Path, night: str = "") -> Request:
    """What is asked of a run for the gold case at one place."""
    model = {"name": gold.model, **({"source": gold.source} if gold.source else {})}
    if gold.precision:
        model["precision"] = gold.precision  # as a list or a word: the suite takes both
    suite = {
        "name": "gold",
        "models": [model],
        "devices": [{"name": key[0], **({"runtime": gold.runtime} if gold.runtime else {})}],
        "measure": {"profile": "quick"},
    }
    return Request(suite_text=json.dumps(suite), suite_dir=str(base), places=(key,), night=night, purpose="gold")


def read_gold(nights: Path, key: PlaceKey) -> list[GoldLine]:
    """What the gold case of a place took in the nights before, oldest first; lines that are damaged are left out."""
    from pydantic import ValidationError

    found, name = [], json.dumps(key[1], ensure_ascii=False).encode()
    try:
        lines = read_regular(nights / GOLD_FILE, _LARGEST_BYTES).splitlines()
    except OSError:
        return []
    for line in lines:
        if name not in line:  # years of 200 places: only those of this one are worth reading
            continue
        try:
            one = _adapter().validate_json(line, strict=True)
        except ValidationError:
            continue
        if (one.device, one.place) == key:
            found.append(one)
    return found


def judge_gold(run: Run, folder: RunFolder, nights: Path, gold: Gold, key: PlaceKey) -> GoldResult:
    """What the run of a gold case says of its place."""
    case = next((one for one in run.cases if (one.device, one.place) == key), None)
    if case is None:
        return GoldResult(passed=None, why="it is not there")
    outcome = case.outcome
    if isinstance(outcome, Failed):
        trouble = outcome.place_lost or outcome.phase in _TROUBLE
        return GoldResult(passed=None if trouble else False, why=outcome.error, tries=1)
    if isinstance(outcome, Skipped):
        return GoldResult(passed=None, why=outcome.reason, tries=1)
    assert isinstance(outcome, Measured)
    line = _line("", key, case, outcome)
    earlier = [one for one in read_gold(nights, key) if one.case == line.case][-_MOST_NIGHTS:]
    low_ms, high_ms = expected_ms([one.ms for one in earlier], gold.slower)
    wrong = _other_answer(nights / ANSWERS / _answer_name(key, line.case), folder.outputs(run, case.id))
    why = wrong
    passed: bool | None = not wrong
    if passed and high_ms and line.ms > high_ms:
        disturbed = outcome.verdict.status == "contaminated"
        slower = line.ms / math.sqrt(low_ms * high_ms) - 1
        why = f"the gold case took {line.ms:.4g} ms, {slower:.0%} more than usual here"
        if disturbed:
            why += f", but the machine was disturbed: {outcome.verdict.reasons[0].text}"
        passed = disturbed
    return GoldResult(
        passed=passed,
        why=why,
        median_ms=line.ms,
        low_ms=line.low_ms,
        high_ms=line.high_ms,
        expected_low_ms=low_ms,
        expected_high_ms=high_ms,
        tries=1,
    )


def keep_gold(run: Run, folder: RunFolder, nights: Path, key: PlaceKey, night: str) -> None:
    """Keep what a gold case took that was right, and its answer if it is the first. Raises a `DevbenchError`."""
    case = next(one for one in run.cases if (one.device, one.place) == key)
    if not isinstance(case.outcome, Measured):
        return
    line = _line(night, key, case, case.outcome)
    path = nights / ANSWERS / _answer_name(key, line.case)
    try:
        if not path.exists():
            make_folder(path.parent)
            write_whole(path, encode_outputs(folder.outputs(run, case.id)))
        descriptor = os.open(nights / GOLD_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(descriptor, _adapter().dump_json(line) + b"\n")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DevbenchError(f"{nights}: cannot be written: {error.strerror or error}") from error


def expected_ms(earlier_ms: Sequence[float], slower: float) -> tuple[float, float]:
    """The range that the nights before allow; (0, 0) while there are too few of them.

    slower: what is always allowed above their median; more is if the nights themselves vary more.
    """
    if len(earlier_ms) < _FEWEST_NIGHTS:
        return 0.0, 0.0
    logs = [math.log(one) for one in earlier_ms]
    middle = statistics.median(logs)
    deviation = 1.4826 * statistics.median(abs(one - middle) for one in logs)
    width = max(_SPREADS * deviation, math.log1p(slower))
    return math.exp(middle - width), math.exp(middle + width)


def _line(night: str, key: PlaceKey, case: CaseRecord, outcome: Measured) -> GoldLine:
    found = outcome.summary
    whole = found.fastest_ms is not None  # what nothing disturbed varies least from night to night
    return GoldLine(
        night=night,
        device=key[0],
        place=key[1],
        case=_case_of(case),
        ms=(found.fastest_ms if whole else None) or found.median_ms,
        low_ms=(found.fastest_low_ms if whole else found.low_ms) or 0.0,
        high_ms=(found.fastest_high_ms if whole else found.high_ms) or 0.0,
    )


def _case_of(case: CaseRecord) -> str:
    facts = case.rounds[0].facts if case.rounds else {}
    artifact = case.artifact.sha256 if case.artifact else ""
    return " ".join((case.model, artifact[:16], case.runtime, facts.get("runtime_version", ""), case.region))


def _answer_name(key: PlaceKey, case: str) -> str:
    return f"{hashlib.sha256(json.dumps([key, case]).encode()).hexdigest()[:24]}.json"


def _other_answer(path: Path, outputs: tuple[OutputTensor, ...]) -> str:
    """How the answer differs from the one in the file; "" if it does not, or if there is none yet."""
    try:
        before = decode_outputs(read_regular(path, _LARGEST_BYTES), path)
    except (OSError, RunFolderError):
        return ""
    if [(one.name, one.dtype, one.shape) for one in before] != [(one.name, one.dtype, one.shape) for one in outputs]:
        return "the gold case gives other outputs than it always gave"
    for old, new in zip(before, outputs, strict=True):
        if old.sha256 != new.sha256 and not _close(old, new):
            return f"the gold case gives another answer than it always gave (output '{new.name}')"
    return ""


def _close(old: OutputTensor, new: OutputTensor) -> bool:
    import numpy as np

    if not old.data or len(old.data) != len(new.data) or not np.issubdtype(np.dtype(old.dtype), np.floating):
        return False
    first: npt.NDArray[np.float64] = old.real(old.data)
    second = new.real(new.data)
    span = float(np.ptp(first)) or float(np.max(np.abs(first))) or 1.0
    return bool(np.all(np.abs(first - second) <= _SAME_WITHIN * span))
