"""Does a CSV, or a run, follow from its samples? Every cell is made again from them, and held against the one there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devbench.domain.columns import names_in
from devbench.domain.outcome import Measured
from devbench.domain.run import SCHEMA, CaseRecord, Pending, Run
from devbench.errors import DevbenchError, ResultsFileError
from devbench.files import sha256_of
from devbench.publish.rows import published_rows
from devbench.run.extend import judged
from devbench.run.judging import judged_again
from devbench.run.summary import outcome_of
from devbench.store import RUN_FILE
from devbench.store.checked import SAMPLES_FILE
from devbench.store.folder import RunFolder
from devbench.store.package import is_as_described, resource_of
from devbench.store.results_file import as_written, read_rows
from devbench.store.results_rows import rows_of

Row = Mapping[str, str]


_WORDS = ("verdict_remedies",)  # advice, which a newer devbench may word differently; its codes are compared


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found. problems: a line for each cell or file that does not follow; rows, cells: how many were made.

    notes: what could not be checked.
    """

    rows: int
    cells: int
    published_elsewhere: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def run_facts(folder: RunFolder, run: Run) -> dict[str, Any]:
    """What a description must say of a run, so that the CSV can be made again from it."""
    folder.files.path(run, SAMPLES_FILE)  # an error, if it is not as it was written
    hashes = {name: _sha256(folder.path / name) for name in (RUN_FILE, SAMPLES_FILE)}
    return {"devbench:run": {"id": run.id, "suite_sha256": run.suite_sha256, "seed": run.seed, "files": hashes}}


def verify(csv: Path, folders: Sequence[Path]) -> Verification:
    """Make the rows of `csv` again from the run folders among `folders`; a run that is not there is a problem."""
    rows = read_rows(csv)
    problems, notes = _file_problems(csv), list[str]()
    ours = [(line, row) for line, row in enumerate(rows, 2) if row["status"] != "published"]
    made: dict[str, dict[str, Row]] = {}
    for run_id in dict.fromkeys(row["run"] for _, row in ours):
        folder = _find(run_id, folders)
        if folder is None:
            problems.append(f"{csv}: the run '{run_id}' is in none of {', '.join(map(str, folders))}")
            continue
        run = folder.load()
        problems += [*_folder_problems(csv, folder), *_damage(folder, run)]
        notes += _unsealed(folder, run)
        again, failed = _made_again(folder, run)
        problems += failed
        made[run_id] = {row["case"]: row for row in map(as_written, published_rows(again))} if again else {}
    cells = 0
    for line, row in ours:
        if made.get(row["run"]):
            again_row = made[row["run"]].get(row["case"])
            problems += _row_problems(f"{csv}:{line}", row, again_row)
            cells += len(row) if again_row else 0
    return Verification(
        rows=len(ours),
        cells=cells,
        published_elsewhere=len(rows) - len(ours),
        problems=tuple(dict.fromkeys(problems)),
        notes=tuple(notes),
    )


def verify_run(folder: RunFolder) -> Verification:
    """Hold the run against its checksums, and its figures against its samples."""
    run = folder.load()
    again, problems = _made_again(folder, run)
    rows = rows_of(run)
    for row, other in zip(rows, rows_of(again) if again else (), strict=False):
        problems += _row_problems(f"{folder.path / RUN_FILE}: {row['case']}", row, other)
    return Verification(
        rows=len(rows),
        cells=sum(len(row) for row in rows if row["status"] == "measured") if again else 0,
        published_elsewhere=0,
        problems=tuple(dict.fromkeys([*_damage(folder, run), *problems])),
        notes=tuple(_unsealed(folder, run)),
    )


def recomputed(folder: RunFolder, run: Run) -> Run:
    """The run with each outcome, reasons included, made again from its samples, and each accuracy from its answers."""

    def samples(case_id: str) -> Any:
        return folder.samples(run, case_id)

    measured = [case for case in run.cases if isinstance(case.outcome, Measured)]
    for case in measured:
        run = run.with_case(replace(case, outcome=Pending()))
    run = judged(run, samples)
    for case in measured:
        run = run.with_case(_with_outcome(folder, run, run.case(case.id)))
    return judged_again(run, folder)


def _with_outcome(folder: RunFolder, run: Run, case: CaseRecord) -> CaseRecord:
    return replace(case, outcome=outcome_of(case, lambda phase: folder.samples(run, case.id, phase)))


def _made_again(folder: RunFolder, run: Run) -> tuple[Run | None, list[str]]:
    """The run made again from its samples, or why it cannot be."""
    try:
        return recomputed(folder, run), []
    except DevbenchError as error:
        return None, [error.message]


def _damage(folder: RunFolder, run: Run) -> list[str]:
    return [*run.doubts, *folder.files.damage(run)]


def _unsealed(folder: RunFolder, run: Run) -> Iterator[str]:
    if run.schema != SCHEMA:
        yield (
            f"{folder.path / RUN_FILE}: has schema {run.schema}, without checksums: "
            "damage to outputs, warm-up samples and facts cannot be seen"
        )


def _find(run_id: str, folders: Sequence[Path]) -> RunFolder | None:
    """The folder of a run: one that is named, or one below a folder that is named."""
    for path in folders:
        for candidate in (path, path / run_id):
            folder = RunFolder(candidate)
            if folder.exists and folder.load().id == run_id:
                return folder
    return None


def _file_problems(csv: Path) -> list[str]:
    as_described = is_as_described(csv)
    if as_described is None:
        return [f"{csv}: no datapackage.json beside it describes it"]
    return [] if as_described else [f"{csv}: is not the file that its datapackage.json describes"]


def _folder_problems(csv: Path, folder: RunFolder) -> list[str]:
    described = (resource_of(csv) or {}).get("devbench:run", {})
    hashes = described.get("files", {}) if isinstance(described, dict) else {}
    if not isinstance(hashes, dict):
        return [f"{csv}: its datapackage.json does not say which files it was made from"]
    paths = {folder.path / Path(name).name: wanted for name, wanted in hashes.items()}
    return [
        f"{path}: is not the file that the CSV was made from"
        for path, sha256 in paths.items()
        if _sha256(path) != sha256
    ]


def _sha256(path: Path) -> str:
    try:
        return f"sha256:{sha256_of(path)}"
    except OSError as error:
        raise ResultsFileError(f"{path}: cannot be read: {error.strerror}") from error


def _row_problems(where: str, row: Row, again: Row | None) -> list[str]:
    if again is None:
        return [f"{where}: the run has no case '{row['case']}'"]
    columns = set(names_in(int(row["schema"]))) - {"schema", *_WORDS}  # an older file has fewer
    return [
        f"{where}: {column}: says '{cell}', and the run gives '{again[column]}'"
        for column, cell in row.items()
        if cell != again[column] and column in columns
    ]
