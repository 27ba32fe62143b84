"""A run folder: who may write to it, and in which order, so that a kill at any moment loses one round at most.

What a file holds counts only when run.json names it with its SHA-256: samples and outputs are on the disk before.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from devbench.clock import stamp
from devbench.domain.outcome import Nanoseconds, OutputTensor, Round
from devbench.domain.run import SCHEMA, Run
from devbench.errors import DamagedError, RunFolderError
from devbench.files import make_folder, read_regular, sha256_of, write_whole
from devbench.store import RUN_FILE
from devbench.store.agreement import disagreement, other_figures
from devbench.store.checked import EARLIER, PARTS, REFERENCES, SAMPLES_FILE, CheckedFiles, outputs_of, part_of
from devbench.store.codec import RunEncoder, decode_outputs, decode_run, encode_outputs
from devbench.store.package import copy_results
from devbench.store.samples import join_parts, read_phase, write_part

_LARGEST_BYTES = 256 << 20  # of run.json, or of a file of outputs
_FROM_A_RUN = re.compile(rf"\.lock|{REFERENCES}|\.{RUN_FILE}\..*\.tmp")
_MOST_NAMES = 3


class RunFolder:
    """One run on disk. Everything that writes holds the lock; readers need none, since files change whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = CheckedFiles(path)
        self._encoder = RunEncoder()
        self._lock = FileLock(path / ".lock", timeout=0)

    def __enter__(self) -> Self:
        with _disk_errors(self.path):
            make_folder(self.path)
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
        return os.path.exists(self.path / RUN_FILE)  # noqa: PTH110 - Path.exists raises for impossible names

    def refuse_what_is_there(self) -> None:
        """A `RunFolderError` unless a new run can begin here: nothing is there, or an empty folder.

        What a run leaves that was killed before its first save is nothing.
        """
        if self.exists:
            raise RunFolderError(
                f"{self.path}: there is a run already",
                f"Continue it with `devbench run --resume {self.path}`, or choose another --out.",
            )
        try:
            strange = sorted(one.name for one in self.path.iterdir() if not _FROM_A_RUN.fullmatch(one.name))
        except FileNotFoundError:
            strange = [] if not self.path.is_symlink() else ["a link that leads nowhere"]
        except OSError as error:
            raise RunFolderError(
                f"{self.path}: cannot be written: {error.strerror}", "Choose another --out."
            ) from error
        if strange:
            more = ", …" if len(strange) > _MOST_NAMES else ""
            raise RunFolderError(
                f"{self.path}: contains other things than a run: {', '.join(strange[:_MOST_NAMES])}{more}",
                "Choose a new or an empty folder with --out.",
            )

    def load(self) -> Run:
        """What run.json says, and in `doubts` what its checksums say against that."""
        path = self.path / RUN_FILE
        try:
            return decode_run(read_regular(path, _LARGEST_BYTES), path)
        except OSError as error:
            raise RunFolderError(
                f"{path}: cannot be read: {error.strerror}",
                "Name the folder of a run, as `devbench run` printed it.",
            ) from error

    def save(self, run: Run) -> None:
        """Replace run.json. A `RecordError`, and the old file, if what is to be written could not be read again."""
        data = self._encoder.encode(run)
        with _disk_errors(self.path):
            write_whole(self.path / RUN_FILE, data)

    def write(self, name: str, data: bytes) -> Path:
        """Put a file of the run's own beside run.json; its path."""
        path = self.path / name
        with _disk_errors(self.path):
            make_folder(path.parent)
            write_whole(path, data)
        return path

    def add_references(self, run: Run, csvs: Sequence[Path]) -> Run:
        """Keep copies of published CSVs, with their descriptions, so that the run's table is whole without them."""
        folder = self.path / REFERENCES
        with _disk_errors(self.path):
            for csv in csvs:
                copy_results(csv, folder)
            named = [folder / csv.name for csv in csvs]  # in the order of the suite: the first one comes first
            kept = [*named, *sorted(set(folder.iterdir()) - set(named))] if csvs else []
            sums = {f"{REFERENCES}/{path.name}": sha256_of(path) for path in kept}
        return replace(run, files={**run.files, **sums})

    def references(self, run: Run) -> tuple[list[Path], list[str]]:
        """The published CSVs that its suite named, and what is wrong with those that are damaged."""
        paths, problems = [], []
        there = [f"{REFERENCES}/{path.name}" for path in (self.path / REFERENCES).glob("*.csv")]
        for name in run.files if run.schema == SCHEMA else sorted(there):
            if name.startswith(f"{REFERENCES}/") and name.endswith(".csv"):
                try:
                    paths.append(self.files.path(run, name))
                except DamagedError as error:
                    problems.append(error.message)
        return paths, problems

    def add_round(self, run: Run, case_id: str, done: Round) -> Run:
        """Save the samples of a round; the run with that round. Only when this run is saved does the round count."""
        part, outputs, files = part_of(run, case_id, done.about.index), outputs_of(run, case_id), dict(run.files)
        with _disk_errors(self.path):
            make_folder(self.path / PARTS)
            write_part(self.path / part, case_id, done)
            files[part] = sha256_of(self.path / part)
        if done.outputs and outputs not in files:
            data = encode_outputs(done.outputs)
            self.write(outputs, data)
            files[outputs] = hashlib.sha256(data).hexdigest()
        case = run.case(case_id)
        return replace(run.with_case(replace(case, rounds=(*case.rounds, done.about))), files=files)

    def outputs(self, run: Run, case_id: str) -> tuple[OutputTensor, ...]:
        """What the case's first round gave for its input; () if that is not known."""
        name = outputs_of(run, case_id)
        if run.schema == SCHEMA and name not in run.files:
            return ()
        path = self.files.path(run, name)
        try:
            return decode_outputs(read_regular(path, _LARGEST_BYTES), path)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise DamagedError(f"{path}: cannot be read: {error.strerror}") from error

    def samples(self, run: Run, case_id: str, phase: str = "steady") -> dict[int, Nanoseconds]:
        """The samples of a phase in each round that run.json names. A `DamagedError` if they are not all there."""
        case, trusted = run.case(case_id), run.schema == SCHEMA
        found: dict[int, Nanoseconds] = {}
        for name in dict.fromkeys(self._file_of(run, case_id, about.index) for about in case.rounds):
            found |= read_phase(self.files.path(run, name), case_id, phase, trusted=trusted)
        problem = disagreement(case.rounds, phase, found)
        if not problem and not trusted:
            problem = other_figures(case, phase, found)
        if problem:
            raise DamagedError(f"{self.path}: its samples of {case_id} are not those of run.json: {problem}")
        return found

    def finish(self, run: Run) -> Run:
        """Close the run: one file of all samples, then run.json that names it, and only then are the parts removed."""
        names = {self._file_of(run, case.id, about.index): None for case in run.cases for about in case.rounds}
        parts = [self.files.path(run, name) for name in names]
        with _disk_errors(self.path):
            join_parts(parts, self.path / SAMPLES_FILE)
            sums = {SAMPLES_FILE: sha256_of(self.path / SAMPLES_FILE)}
        kept = {name: one for name, one in run.files.items() if not name.startswith(f"{PARTS}/")}
        run = replace(run, files=kept | sums, finished_utc=stamp())
        self.save(run)
        self.remove_parts()
        return run

    def remove_parts(self) -> None:
        """Remove the parts of a run that is finished: samples.parquet has what they had."""
        with _disk_errors(self.path):
            for part in (self.path / PARTS).glob("*.parquet"):
                part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (self.path / PARTS).rmdir()

    def _file_of(self, run: Run, case_id: str, index: int) -> str:
        """The file with the samples of a round."""
        part = part_of(run, case_id, index)
        if run.schema != SCHEMA:
            return SAMPLES_FILE if (self.path / SAMPLES_FILE).exists() else part
        return next((name for name in (part, EARLIER) if name in run.files), SAMPLES_FILE)


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
