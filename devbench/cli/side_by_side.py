"""`devbench compare --measure`: what OLD and NEW mean, and what measuring them in turns has shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from devbench.cli.app import EXIT_INCOMPLETE, EXIT_INTERRUPTED
from devbench.cli.console import open_progress
from devbench.cli.interrupts import until_interrupted
from devbench.cli.setup import open_context
from devbench.compare.alike import agreement, quantizations
from devbench.compare.runs import Kind
from devbench.domain.outcome import Failed
from devbench.domain.run import CaseRecord, Request, Run
from devbench.errors import DevbenchError
from devbench.report.side_by_side import sentences_of
from devbench.run.context import RunContext
from devbench.run.measure_both import Compared, Side, measure_both
from devbench.run.pairing import OLD, Pair
from devbench.run.side_by_side import Looks, SideBySide, side_by_side
from devbench.run.slots import find_places
from devbench.store import RUN_FILE
from devbench.store.folder import RunFolder
from devbench.suites.yaml_file import read_yaml

EXIT_FAIL_ON = 4


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the command line asks for."""

    old: Path
    new: Path
    threshold: float
    budget_s: float
    out: Path | None
    style: str
    device: str = ""
    old_runtime: str = ""
    new_runtime: str = ""
    old_python: str = ""
    new_python: str = ""


@dataclass
class _Said:
    """What is to be told when the measuring is over."""

    notes: list[str] = field(default_factory=list)


def compare_side_by_side(choice: Choice, kinds: Sequence[Kind]) -> int:
    """Measure, say what was shown, and return the exit status."""
    folder = RunFolder(choice.out or Path("results/runs") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-side-by-side")
    said = _Said()
    if choice.device and _has_suite(choice.old) and _has_suite(choice.new):
        raise DevbenchError(
            f"a device can be chosen for model files alone; suites and runs have their own ({choice.device})",
            "Say it in the suites: see docs/suites.md.",
        )
    with open_progress() as progress:
        context, _ = open_context(progress)
        sides = (
            _side(choice.old, choice.device, choice.old_runtime, choice.old_python, context),
            _side(choice.new, choice.device, choice.new_runtime, choice.new_python, context),
        )
        compared = until_interrupted(
            lambda: measure_both(
                sides,
                folder,
                context,
                lambda pairs: Looks(pairs, choice.threshold, choice.budget_s, said.notes.append),
            ),
            folder,
            f"Its rounds so far: devbench report {folder.path}. To compare, start again.",
        )
    if compared is None:
        return EXIT_INTERRUPTED
    found = [_found(compared.run, pair, folder, choice.threshold) for pair in compared.pairs]
    said.notes += [f"Not compared: {name}: skipped: {why}." for name, why in compared.skipped.items()]
    said.notes += [f"Not compared: {name}: the other side has no such case." for name in compared.alone]
    said.notes.append(f"Run folder: {folder.path}")
    if choice.style == "json":
        print(json.dumps([_data(one) for one in found], indent=2, ensure_ascii=False))
    else:
        for text in (text for one in found for text in sentences_of(one)):
            print(text)
    for text in said.notes:  # with --json, stdout is for the data alone
        print(text, file=sys.stderr if choice.style == "json" else sys.stdout)
    return _status(compared, found, kinds)


def _found(run: Run, pair: Pair, folder: RunFolder, threshold: float) -> SideBySide:
    """What was shown of a pair; why it was not compared, where a side has no figure or answers otherwise."""
    cases = run.case(pair.old), run.case(pair.new)
    reasons = [_no_figure(case) for case in cases if case.outcome.status != "measured"]
    if not reasons and (differ := _other_answer(run, cases, folder)):
        reasons = [f"{pair.new} gave a different answer to the same input: {differ}."]
    if reasons:
        return SideBySide(pair=pair, shown="not compared", reason=" ".join(reasons))
    return side_by_side(run, pair, lambda case_id: folder.samples(run, case_id), threshold)


def _no_figure(case: CaseRecord) -> str:
    why = getattr(case.outcome, "error", "") or getattr(case.outcome, "reason", "")
    return f"{case.id} {case.outcome.status}: {why.rstrip('.')}. {getattr(case.outcome, 'hint', '')}".strip()


def _other_answer(run: Run, cases: tuple[CaseRecord, CaseRecord], folder: RunFolder) -> str:
    """How the answers of the same file to the same input differ; "" if they do not."""
    old, new = cases
    if not (old.artifact and new.artifact and old.artifact.sha256 == new.artifact.sha256 and old.input == new.input):
        return ""
    return agreement(folder.outputs(run, old.id), folder.outputs(run, new.id), quantizations(old, new)).differ


def _side(path: Path, device: str, runtime: str, python: str, context: RunContext) -> Side:
    """A suite, the suite of a run, or a suite made for a model file."""
    if runtime and _has_suite(path):
        raise DevbenchError(
            f"{path}: a runtime can be chosen for a model file alone; a suite or a run has its own ({runtime})",
            "Say it in the suite: see docs/suites.md.",
        )
    if path.is_dir() or path.name == RUN_FILE:
        folder = RunFolder(path.parent if path.name == RUN_FILE else path)
        return Side(request=folder.load().request, name=f"suite of {path}", python=python)
    if _has_suite(path):
        request = Request(suite_text=read_yaml(path).text, suite_dir=str(path.resolve().parent))
        return Side(request=request, name=str(path), python=python)
    if not path.is_file():
        raise DevbenchError(f"{path}: there is no such file", "Name a suite, a model file or the folder of a run.")
    entry = {device or _first_here(context): {"runtime": runtime} if runtime else {}}
    suite = {
        "name": "side-by-side",
        "models": [{"name": "model", "source": str(path.resolve())}],
        "devices": [entry if runtime else next(iter(entry))],
    }
    return Side(
        request=Request(suite_text=json.dumps(suite), suite_dir=str(path.parent)), name=str(path), python=python
    )


def _has_suite(path: Path) -> bool:
    return path.is_dir() or path.name == RUN_FILE or path.suffix in (".yaml", ".yml")


def _first_here(context: RunContext) -> str:
    for kind, device in context.plugins.registry.devices.items():
        if find_places(device, context.lab)[0]:
            return kind
    raise DevbenchError("no device is here", "See `devbench devices`.")


def _data(one: SideBySide) -> dict[str, object]:
    ratio, fastest = one.ratio, one.undisturbed
    return {
        "old": one.pair.old,
        "new": one.pair.new,
        "verdict": one.shown,
        "ratio": ratio.estimate if ratio else None,
        "low": ratio.low if ratio else None,
        "high": ratio.high if ratio else None,
        "undisturbed": {"ratio": fastest.estimate, "low": fastest.low, "high": fastest.high} if fastest else None,
        "pairs": one.pairs,
        "left_out": one.left_out,
        "resolution": one.resolution,
        "reason": one.reason or None,
    }


def _status(compared: Compared, found: Sequence[SideBySide], kinds: Sequence[Kind]) -> int:
    outcomes = {case.id: case.outcome for case in compared.run.cases}
    incomplete = any(outcome.status != "measured" for outcome in outcomes.values())
    status = EXIT_INCOMPLETE if incomplete else 0
    of_kind: dict[Kind, list[str]] = {
        "missing": [
            *(
                one.pair.new
                for one in found
                if _is_missing(outcomes[one.pair.old].status, outcomes[one.pair.new].status)
            ),
            *(name for name in compared.alone if name.startswith(f"{OLD}: ")),
        ],
        "failed": [one.pair.new for one in found if isinstance(outcomes[one.pair.new], Failed)],
        "answer": [
            one.pair.new
            for one in found
            if one.reason and outcomes[one.pair.old].status == outcomes[one.pair.new].status == "measured"
        ],
    }
    for kind in dict.fromkeys(kinds):
        if names := of_kind.get(kind, [one.pair.new for one in found if one.shown == kind]):
            print(f"--fail-on {kind}: {', '.join(names)}", file=sys.stderr)
            status = EXIT_FAIL_ON
    return status


def _is_missing(old: str, new: str) -> bool:
    return old == "measured" != new
