"""What a report is of: run folders and results CSVs, as the command line names them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.cli.paths import did_you_mean, listed
from devbench.compare.figures import FileSource, RunSource
from devbench.compare.overview import Overview, overview_of
from devbench.errors import ResultsFileError
from devbench.store.package import notes_on
from devbench.store.results_file import read_results
from devbench.store.results_rows import rows_of

if TYPE_CHECKING:  # a CSV alone is shown without what reads runs, which takes longer to load than to show it
    from devbench.domain.run import Run
    from devbench.store.folder import RunFolder


@dataclass(frozen=True)
class Sources:
    """Run folders with their runs, CSVs, and the CSVs that the one run names as references."""

    runs: tuple[tuple[RunFolder, Run], ...]
    files: tuple[FileSource, ...]
    references: tuple[FileSource, ...]

    def overview(self, baseline: str = "", reference: str = "") -> Overview:
        """All that a report says."""
        runs = [run_source(folder, run) for folder, run in self.runs]
        return overview_of(runs, [*self.files, *self.references], baseline=baseline, reference=reference)

    def rows(self) -> list[dict[str, str]]:
        """What was named as rows of a results CSV; not what a run refers to."""
        ours = [row for _, run in self.runs for row in rows_of(run)]
        return [*ours, *(dict(figure.row) for file in self.files for figure in file.figures)]


def open_sources(paths: Sequence[Path]) -> Sources:
    """Read what is at `paths`: folders are runs, anything else is a CSV. A run alone brings its references along."""
    csvs = [path for path in paths if _is_csv(path)]
    folders = [_open_run(path) for path in paths if path not in csvs]
    runs = tuple((folder, folder.load()) for folder in folders)
    given = {path.name for path in csvs}
    own = [path for path in folders[0].references(runs[0][1]) if path.name not in given] if len(folders) == 1 else []
    return Sources(runs=runs, files=tuple(map(_file_source, csvs)), references=tuple(map(_file_source, own)))


def run_source(folder: RunFolder, run: Run) -> RunSource:
    """The run in `folder` with its samples and outputs."""
    return RunSource(
        name=str(folder.path), run=run, samples=partial(folder.samples, run), outputs=partial(folder.outputs, run)
    )


def _file_source(path: Path) -> FileSource:
    return FileSource(name=path.stem, figures=read_results(path), notes=notes_on(path))


def _open_run(path: Path) -> RunFolder:
    from devbench.cli.runs import open_run

    return open_run(path)


def _is_csv(path: Path) -> bool:
    """Whether to read `path` as a CSV; if not, it is a run, or what `open_run` says of it."""
    if not os.path.lexists(path):
        if path.suffix != ".csv":
            return False
        near = (one for folder in (path.parent, Path("results/published")) for one in listed(folder, ".csv"))
        raise ResultsFileError(f"{path}: there is no such file", did_you_mean(path, near))
    if os.path.isdir(path):  # noqa: PTH112 - that of pathlib raises where it may not look
        return False
    return path.suffix == ".csv" or not _of_a_run(path)


def _of_a_run(path: Path) -> bool:
    """Whether this file is run.json, or another of a run."""
    from devbench.cli.runs import owner_of
    from devbench.store.folder import RUN_FILE

    return path.name == RUN_FILE or owner_of(path) is not None
