"""What a report is of: run folders and results CSVs, opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.compare.figures import FileSource, RunSource
from devbench.compare.overview import Overview, overview_of
from devbench.domain.figure import Figure
from devbench.domain.limits import Limit
from devbench.errors import ResultsFileError, RunFolderError
from devbench.sources.paths import CSVS, MODELS, SUITES, did_you_mean, listed, what_takes
from devbench.sources.runs import open_run, owner_of, runs_near
from devbench.store import RUN_FILE
from devbench.store.package import notes_on
from devbench.store.results_file import read_results
from devbench.store.results_rows import rows_of

if TYPE_CHECKING:  # a CSV alone is shown without what reads runs, which takes longer to load than to show it
    from devbench.domain.run import Run
    from devbench.store.folder import RunFolder


_HINT = "Name a results CSV, or the folder of a run, as `devbench run` printed it."


@dataclass(frozen=True)
class Sources:
    """Run folders with their runs, CSVs, and the CSVs that the one run names as references.

    warnings: what was changed or damaged after it was written.
    """

    runs: tuple[tuple[RunFolder, Run], ...]
    files: tuple[FileSource, ...]
    references: tuple[FileSource, ...]
    warnings: tuple[str, ...] = ()

    def overview(
        self, baseline: str = "", reference: str = "", limit: Callable[[Figure], Limit | None] = lambda _: None
    ) -> Overview:
        """All that a report says. limit: the physical limit of a figure."""
        runs = [run_source(folder, run) for folder, run in self.runs]
        files = [*self.files, *self.references]
        return overview_of(runs, files, baseline=baseline, reference=reference, limit=limit)

    def rows(self) -> list[dict[str, str]]:
        """What was named as rows of a results CSV; not what a run refers to."""
        ours = [row for _, run in self.runs for row in rows_of(run)]
        return [*ours, *(dict(figure.row) for file in self.files for figure in file.figures)]


def open_sources(paths: Sequence[Path]) -> Sources:
    """Read what is at `paths`: folders are runs, anything else is a CSV. A run alone brings its references along."""
    csvs = [path for path in paths if _is_csv(path)]
    folders = [open_run(path) for path in paths if path not in csvs]
    runs = tuple((folder, folder.load()) for folder in folders)
    given = {path.name for path in csvs}
    own, problems = folders[0].references(runs[0][1]) if len(folders) == 1 else ([], [])
    return Sources(
        runs=runs,
        files=tuple(map(_file_source, csvs)),
        references=tuple(_file_source(path) for path in own if path.name not in given),
        warnings=(*(doubt for _, run in runs for doubt in run.doubts), *problems),
    )


def open_finished(path: Path) -> RunSource:
    """The run in the folder `path`; a `RunFolderError` if it is not finished."""
    folder = open_run(path)
    run = folder.load()
    if not run.finished_utc:
        raise RunFolderError(
            f"{path}: the run is not finished, so its cases cannot be compared",
            f"Finish it: `devbench run --resume {path}`.",
        )
    return run_source(folder, run)


def run_source(folder: RunFolder, run: Run) -> RunSource:
    """The run in `folder` with its samples and outputs."""
    return RunSource(
        name=str(folder.path), run=run, samples=partial(folder.samples, run), outputs=partial(folder.outputs, run)
    )


def _file_source(path: Path) -> FileSource:
    return FileSource(name=path.stem, figures=read_results(existing_csv(path)), notes=notes_on(path))


def existing_csv(path: Path) -> Path:
    """`path`, if it may be a results CSV; a `ResultsFileError` says what it is instead, and which one is meant."""
    if not os.path.lexists(path):
        hint = did_you_mean(path, [*_csvs_near(path), *runs_near(path)])
        raise ResultsFileError(f"{path}: there is no such file", hint or _HINT)
    if path.suffix in (*MODELS, *SUITES):
        raise ResultsFileError(f"{path}: this is not a results CSV", what_takes(path))
    return path


def _is_csv(path: Path) -> bool:
    """Whether to read `path` as a CSV; if not, it is a run, or what `open_run` says of it."""
    if os.path.isdir(path) or path.name == RUN_FILE:  # noqa: PTH112 - Path.is_dir raises without permission to look
        return False
    return path.suffix in CSVS or owner_of(path) is None


def _csvs_near(path: Path) -> Iterator[Path]:
    for folder in dict.fromkeys((path.parent, Path("results/published"))):
        yield from listed(folder, *CSVS)
