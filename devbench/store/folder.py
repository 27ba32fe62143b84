"""A run folder: who may write to it, and in which order, so that a kill at any moment loses one round at most."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from devbench.domain.outcome import Nanoseconds, OutputTensor, Round
from devbench.domain.run import CaseRecord, Run
from devbench.errors import RunFolderError
from devbench.files import write_whole
from devbench.store.codec import decode_outputs, decode_run, encode_outputs, encode_run
from devbench.store.package import copy_results
from devbench.store.samples import join_parts, read_steady, write_part

RUN_FILE = "run.json"
SAMPLES_FILE = "samples.parquet"
REFERENCES = "references"


class RunFolder:
    """One run on disk. Everything that writes holds the lock; readers need none, since files change whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path / ".lock", timeout=0)

    def __enter__(self) -> Self:
        with _disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise RunFolderError(
                    f"{self.path}: another devbench is writing there",
                    "Wait for it to end, or give this run a folder of its own with --out.",
                ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @property
    def exists(self) -> bool:
        """Whether there is a run here."""
        return (self.path / RUN_FILE).exists()

    def load(self) -> Run:
        """What run.json says."""
        path = self.path / RUN_FILE
        try:
            return decode_run(path.read_bytes(), path)
        except OSError as error:
            raise RunFolderError(
                f"{path}: cannot be read: {error.strerror}",
                "Name the folder of a run, as `devbench run` printed it.",
            ) from error

    def save(self, run: Run) -> None:
        """Replace run.json."""
        with _disk_errors(self.path):
            write_whole(self.path / RUN_FILE, encode_run(run))

    def write(self, name: str, data: bytes) -> Path:
        """Put a file of the run's own beside run.json; its path."""
        path = self.path / name
        with _disk_errors(self.path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        return path

    def add_reference(self, csv: Path) -> None:
        """Keep a copy of a published CSV, with its description, so that the run's table is whole without it."""
        with _disk_errors(self.path):
            copy_results(csv, self.path / REFERENCES)

    def references(self) -> list[Path]:
        """The published CSVs that its suite named."""
        return sorted((self.path / REFERENCES).glob("*.csv"))

    def add_round(self, run: Run, case_id: str, done: Round) -> None:
        """Save the samples of a round. Only when run.json names the round does it count."""
        part = self._part(run, case_id, done.about.index)
        with _disk_errors(self.path):
            part.parent.mkdir(exist_ok=True)
            write_part(part, case_id, done)
        if done.outputs and not run.case(case_id).rounds:
            self.write(self._outputs(run, case_id), encode_outputs(done.outputs))

    def outputs(self, run: Run, case_id: str) -> tuple[OutputTensor, ...]:
        """What the case's first round gave for its input; () if that is not known."""
        try:
            return decode_outputs((self.path / self._outputs(run, case_id)).read_bytes())
        except (OSError, RunFolderError):
            return ()

    def samples(self, run: Run, case_id: str, phase: str = "steady") -> dict[int, Nanoseconds]:
        """The samples of a phase in each round that run.json names, from the parts or the joined file."""
        joined = self.path / SAMPLES_FILE
        if joined.exists():
            return read_steady(joined, case_id, phase)
        found: dict[int, Nanoseconds] = {}
        for about in run.case(case_id).rounds:
            found |= read_steady(self._part(run, case_id, about.index), case_id, phase)
        return found

    def has_round(self, run: Run, case: CaseRecord, index: int) -> bool:
        """Whether the samples of a round that run.json names are all here."""
        about = next(about for about in case.rounds if about.index == index)
        try:
            return len(read_steady(self._part(run, case.id, index), case.id).get(index, ())) == about.samples
        except RunFolderError:
            return False

    def join(self, run: Run) -> None:
        """Make one file of all parts, and only then remove them."""
        if (self.path / SAMPLES_FILE).exists():
            return  # a kill came between this and the last save
        parts = [self._part(run, case.id, about.index) for case in run.cases for about in case.rounds]
        with _disk_errors(self.path):
            join_parts(parts, self.path / SAMPLES_FILE)
            for part in parts:
                part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (self.path / "parts").rmdir()

    def _outputs(self, run: Run, case_id: str) -> str:
        return f"outputs/case{_number(run, case_id):03d}.json"

    def _part(self, run: Run, case_id: str, index: int) -> Path:
        return self.path / "parts" / f"case{_number(run, case_id):03d}-round{index:02d}.parquet"


def _number(run: Run, case_id: str) -> int:
    return [case.id for case in run.cases].index(case_id)


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunFolderError(
            f"{path}: cannot be written: {error.strerror or error}",
            f"What was measured before is safe. Free space or permissions, then go on with "
            f"`devbench run --resume {path}`.",
        ) from error
