"""The files of a run folder, each held against the SHA-256 that run.json has of it before anything reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devbench.domain.run import SCHEMA, Run
from devbench.errors import DamagedError
from devbench.files import sha256_of

SAMPLES_FILE = "samples.parquet"
PARTS = "parts"
EARLIER = f"{PARTS}/earlier.parquet"  # the samples of a finished run that was taken up again
REFERENCES = "references"
ANSWERS = "answers"
ANSWER_PARTS = f"{ANSWERS}/parts"  # what a case has answered so far
SOURCE_ANSWERS = f"{ANSWERS}/source-"  # how the names of those begin that no case has given


def part_of(run: Run, case_id: str, index: int) -> str:
    """The name, in the run folder, of the part with the samples of a round."""
    return f"{PARTS}/case{_number(run, case_id):03d}-round{index:02d}.parquet"


def outputs_of(run: Run, case_id: str) -> str:
    """The name, in the run folder, of the file with what a case gave for its input."""
    return f"outputs/case{_number(run, case_id):03d}.json"


def answers_of(run: Run, case_id: str) -> str:
    """The name, in the run folder, of the file with what a case answered to its pictures."""
    return f"{ANSWERS}/case{_number(run, case_id):03d}.json"


def answers_of_source(model: str) -> str:
    """The name of the file with what the float32 network of a model answered, where no case is of that."""
    return f"{SOURCE_ANSWERS}{model}.json"


def _number(run: Run, case_id: str) -> int:
    return [case.id for case in run.cases].index(case_id)


class CheckedFiles:
    """The files of one run folder; each is read for its checksum once, and again only if it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sums: dict[str, tuple[tuple[int, ...], str]] = {}

    def path(self, run: Run, name: str) -> Path:
        """Where the file is. A `DamagedError` if its bytes are not those that were written; schema 1 cannot tell."""
        path = self._folder / name
        if run.schema != SCHEMA:
            return path
        if name not in run.files:
            raise DamagedError(f"{path}: run.json does not name it", _remedy(run, self._folder))
        try:
            same = self._sum(path, name) == run.files[name]
        except OSError as error:
            raise DamagedError(f"{path}: cannot be read: {error.strerror}", _remedy(run, self._folder)) from error
        if not same:
            raise DamagedError(f"{path}: is not as it was written: its SHA-256 differs", _remedy(run, self._folder))
        return path

    def damage(self, run: Run) -> Iterator[str]:
        """What is wrong with the files that run.json names."""
        for name in run.files:
            try:
                self.path(run, name)
            except DamagedError as error:
                yield error.message

    def _sum(self, path: Path, name: str) -> str:
        about = path.stat()
        state = (about.st_ino, about.st_size, about.st_mtime_ns)
        if self._sums.get(name, ((), ""))[0] != state:
            self._sums[name] = state, sha256_of(path)
        return self._sums[name][1]


def _remedy(run: Run, folder: Path) -> str:
    if not run.finished_utc:
        return f"Continue with `devbench run --resume {folder}`: what is damaged is measured again."
    return f"Restore it from a copy. `devbench report {folder} --format csv` shows the figures without it."
