"""Does a CSV follow from its runs? Every cell is made again, from the samples, and held against the one in the file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devbench.domain.columns import names_in
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.errors import DevbenchError, ResultsFileError
from devbench.files import sha256_of
from devbench.publish.rows import published_rows
from devbench.run.extend import judged
from devbench.run.summary import outcome_of
from devbench.store.folder import RUN_FILE, SAMPLES_FILE, RunFolder
from devbench.store.package import resource_of
from devbench.store.results_file import read_rows

Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found. problems: a line for each cell or file that does not follow; rows, cells: how many were made."""

    rows: int
    cells: int
    published_elsewhere: int
    problems: tuple[str, ...]


def run_facts(folder: RunFolder, run: Run) -> dict[str, Any]:
    """What a description must say of a run, so that the CSV can be made again from it."""
    hashes = {name: f"sha256:{sha256_of(folder.path / name)}" for name in (RUN_FILE, SAMPLES_FILE)}
    return {"devbench:run": {"id": run.id, "suite_sha256": run.suite_sha256, "seed": run.seed, "files": hashes}}


def verify(csv: Path, folders: Sequence[Path]) -> Verification:
    """Make the rows of `csv` again from the run folders among `folders`; a run that is not there is a problem."""
    rows = read_rows(csv)
    problems = _file_problems(csv)
    ours = [(line, row) for line, row in enumerate(rows, 2) if row["status"] != "published"]
    made: dict[str, dict[str, Row]] = {}
    for run_id in dict.fromkeys(row["run"] for _, row in ours):
        folder = _find(run_id, folders)
        if folder is None:
            problems.append(f"{csv}: the run '{run_id}' is in none of {', '.join(map(str, folders))}")
            continue
        problems += _folder_problems(csv, folder)
        made[run_id] = {row["case"]: row for row in published_rows(recomputed(folder, folder.load()))}
    cells = 0
    for line, row in ours:
        if row["run"] in made:
            again = made[row["run"]].get(row["case"])
            problems += _row_problems(f"{csv}:{line}", row, again)
            cells += len(row) if again else 0
    return Verification(
        rows=len(ours), cells=cells, published_elsewhere=len(rows) - len(ours), problems=tuple(problems)
    )


def recomputed(folder: RunFolder, run: Run) -> Run:
    """The run with each outcome, reasons included, made again from its samples."""

    def samples(case_id: str) -> Any:
        return folder.samples(run, case_id)

    measured = [case for case in run.cases if isinstance(case.outcome, Measured)]
    for case in measured:
        run = run.with_case(replace(case, outcome=Pending()))
    run = judged(run, samples)
    for case in measured:
        run = run.with_case(_with_outcome(folder, run, run.case(case.id)))
    return run


def _with_outcome(folder: RunFolder, run: Run, case: CaseRecord) -> CaseRecord:
    samples = folder.samples(run, case.id)
    counting = {about.index for about in case.rounds if not about.superseded}
    if missing := counting - samples.keys():
        raise DevbenchError(f"{case.id}: the samples of round {min(missing)} are not in the run folder")
    outcome = outcome_of(case, lambda phase: samples if phase == "steady" else folder.samples(run, case.id, phase))
    return replace(case, outcome=outcome)


def _find(run_id: str, folders: Sequence[Path]) -> RunFolder | None:
    """The folder of a run: one that is named, or one below a folder that is named."""
    for path in folders:
        for candidate in (path, path / run_id):
            folder = RunFolder(candidate)
            if folder.exists and folder.load().id == run_id:
                return folder
    return None


def _file_problems(csv: Path) -> list[str]:
    described = resource_of(csv)
    if described is None:
        return [f"{csv}: no datapackage.json beside it describes it"]
    found = f"sha256:{hashlib.sha256(csv.read_bytes()).hexdigest()}"
    return [] if described.get("hash") == found else [f"{csv}: is not the file that its datapackage.json describes"]


def _folder_problems(csv: Path, folder: RunFolder) -> list[str]:
    described = (resource_of(csv) or {}).get("devbench:run", {})
    hashes = described.get("files", {}) if isinstance(described, dict) else {}
    problems = []
    for name, wanted in hashes.items():
        try:
            found = f"sha256:{sha256_of(folder.path / Path(name).name)}"
        except OSError as error:
            raise ResultsFileError(f"{folder.path / name}: cannot be read: {error.strerror}") from error
        if found != wanted:
            problems.append(f"{folder.path / name}: is not the file that the CSV was made from")
    return problems


def _row_problems(where: str, row: Row, again: Row | None) -> list[str]:
    if again is None:
        return [f"{where}: the run has no case '{row['case']}'"]
    columns = set(names_in(int(row["schema"]))) - {"schema"}  # an older file has fewer
    return [
        f"{where}: {column}: says '{cell}', and the run gives '{again[column]}'"
        for column, cell in row.items()
        if cell != again[column] and column in columns
    ]
