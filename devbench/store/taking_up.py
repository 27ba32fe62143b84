"""Makes a run folder ready to be resumed: clears up after a kill, and leaves out what is damaged."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace

from devbench.domain.outcome import Measured
from devbench.domain.run import SCHEMA, CaseRecord, Pending, Run
from devbench.errors import DamagedError
from devbench.files import make_folder, remove_stale_drafts, replacing, sha256_of
from devbench.store.agreement import PHASES, disagreement
from devbench.store.answers_file import read_answers
from devbench.store.checked import (
    ANSWER_PARTS,
    ANSWERS,
    EARLIER,
    PARTS,
    REFERENCES,
    SAMPLES_FILE,
    SOURCE_ANSWERS,
    answers_of,
    outputs_of,
    part_of,
)
from devbench.store.folder import RunFolder
from devbench.store.samples import read_phase

_FATE = {"pending": "measured again", "measured": "measured again", "failed": "left out", "skipped": "left out"}
_FOLDERS = ("", PARTS, "outputs", "inputs", REFERENCES, ANSWERS, ANSWER_PARTS)


def clear_up(folder: RunFolder, run: Run) -> None:
    """Remove what a killed process has left: its drafts, and the parts of a run that is finished."""
    for name in _FOLDERS:
        if (folder.path / name).is_dir():
            remove_stale_drafts(folder.path / name)
    for path in (folder.path / ANSWER_PARTS).glob("*.json"):
        if f"{ANSWER_PARTS}/{path.name}" not in run.files:
            path.unlink()
    if run.finished_utc and run.schema == SCHEMA:
        folder.remove_parts()


def was_joined(folder: RunFolder, run: Run) -> bool:
    """Whether the samples are in one file: of a run that was finished, or that schema 1 was about to finish."""
    return SAMPLES_FILE in run.files if run.schema == SCHEMA else (folder.path / SAMPLES_FILE).exists()


def reopened(folder: RunFolder, run: Run) -> Run:
    """A run whose samples are joined, as one with parts: they become a part, so no file that is named changes."""
    source = folder.files.path(run, SAMPLES_FILE)
    if run.schema == SCHEMA:
        files = {name: sha256 for name, sha256 in run.files.items() if name != SAMPLES_FILE}
    else:
        for case, phase in itertools.product(run.cases, PHASES):
            folder.samples(run, case.id, phase)  # an error, if they are not all there
        files = {name: one for name, one in _sums_as_found(folder, run).items() if not name.startswith(f"{PARTS}/")}
    make_folder(folder.path / PARTS)
    with replacing(folder.path / EARLIER) as draft:
        shutil.copyfile(source, draft)
    run = replace(run, schema=SCHEMA, finished_utc="", files={**files, EARLIER: sha256_of(folder.path / EARLIER)})
    folder.save(run)
    return run


def without_damage(folder: RunFolder, run: Run) -> tuple[Run, list[str]]:
    """The run without the rounds whose samples or outputs are gone or damaged, and a line on each of these.

    A case that had been measured is pending again. What schema 1 has no checksums of gets them as it is found.
    """
    notes: list[str] = []
    files = dict(run.files) if run.schema == SCHEMA else {}
    for case in run.cases:
        lost = dict(_lost_rounds(folder, run, case))
        if problem := _outputs_problem(folder, run, case):
            files.pop(outputs_of(run, case.id), None)
            first = next((about.index for about in case.rounds if part_of(run, case.id, about.index) in files), None)
            if first is not None:
                lost.setdefault(first, problem)
        unanswered = _answers_problem(folder, run, answers_of(run, case.id))
        if unanswered:
            files.pop(answers_of(run, case.id), None)
            notes.append(f"{case.id}: its pictures are answered again: {unanswered}")
        for index, problem in lost.items():
            files.pop(part_of(run, case.id, index), None)
            notes.append(f"{case.id}: round {index} is {_FATE[case.outcome.status]}: {problem}")
        if lost or unanswered:
            kept = tuple(about for about in case.rounds if about.index not in lost)
            outcome = Pending() if isinstance(case.outcome, Measured) else case.outcome
            run = run.with_case(replace(case, rounds=kept, outcome=outcome))
    for name in [name for name in files if name.startswith(SOURCE_ANSWERS)]:
        if problem := _answers_problem(folder, run, name):
            del files[name]
            notes.append(f"{name}: is answered again: {problem}")
    if run.schema != SCHEMA:
        files = _sums_as_found(folder, run)
    return replace(run, schema=SCHEMA, files=files), notes


def _lost_rounds(folder: RunFolder, run: Run, case: CaseRecord) -> Iterator[tuple[int, str]]:
    """The rounds of a case whose part is not as it was written, each with what is wrong."""
    for about in case.rounds:
        name = part_of(run, case.id, about.index)
        if run.schema == SCHEMA and name not in run.files and EARLIER in run.files:
            folder.files.path(run, EARLIER)  # of all these rounds: nothing can be measured in its place
            continue
        try:
            path = folder.files.path(run, name)
            for phase in PHASES if run.schema != SCHEMA else ():
                found = read_phase(path, case.id, phase, trusted=False)
                if problem := disagreement((about,), phase, found):
                    yield about.index, f"{path}: {problem}"
                    break
        except DamagedError as error:
            yield about.index, error.message


def _outputs_problem(folder: RunFolder, run: Run, case: CaseRecord) -> str:
    try:
        folder.outputs(run, case.id)
    except DamagedError as error:
        return error.message
    return ""


def _answers_problem(folder: RunFolder, run: Run, name: str) -> str:
    try:
        read_answers(folder, run, name)
    except DamagedError as error:
        return error.message
    return ""


def _sums_as_found(folder: RunFolder, run: Run) -> dict[str, str]:
    """The checksums of what a run of schema 1 has."""
    parts = [part_of(run, case.id, about.index) for case in run.cases for about in case.rounds]
    outputs = [outputs_of(run, case.id) for case in run.cases]
    references = [f"{REFERENCES}/{path.name}" for path in (folder.path / REFERENCES).glob("*")]
    there = [name for name in (*parts, *outputs, *references) if (folder.path / name).is_file()]
    return {name: sha256_of(folder.path / name) for name in there}
