"""What a report is of: run folders and results CSVs, as the command line names them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.cli.paths import CSVS, MODELS, SUITES, did_you_mean, listed, what_takes
from devbench.cli.runs import is_run, open_run, owner_of, runs_near
from devbench.domain.figure import Figure
from devbench.errors import ResultsFileError
from devbench.report.overview import ResultsFile, overview
from devbench.report.tables import Table
from devbench.store import RUN_FILE
from devbench.store.package import notes_on
from devbench.store.results_file import figure_of, read_results
from devbench.store.results_rows import rows_of

if TYPE_CHECKING:  # a CSV alone is shown without what reads runs, which takes longer to load than to show it
    from devbench.compare.comparison import Comparison
    from devbench.domain.run import Run
    from devbench.store.folder import RunFolder


@dataclass(frozen=True)
class Sources:
    """Run folders with their runs, CSVs, and the CSVs that the one run names as references.

    warnings: what was changed or damaged after it was written.
    """

    runs: tuple[tuple[RunFolder, Run], ...]
    files: tuple[ResultsFile, ...]
    references: tuple[ResultsFile, ...]
    warnings: tuple[str, ...] = ()

    def tables(self, baseline: str = "", reference: str = "", comparison: Comparison | None = None) -> list[Table]:
        """All tables of the report. comparison: `comparison(baseline)`, where it is at hand."""
        comparison = comparison or self.comparison(baseline)
        return overview(comparison, self.measured(), self.csvs, baseline, reference)

    @property
    def csvs(self) -> tuple[ResultsFile, ...]:
        """Those that were named, then the references."""
        return (*self.files, *self.references)

    def measured(self) -> list[list[Figure]]:
        """The rows of each run."""
        return [figures_of(run, folder) for folder, run in self.runs]

    def comparison(self, baseline: str = "") -> Comparison | None:
        """The one run with the intervals that its samples give; of several runs only the figures are shown."""
        return compare_folder(*self.runs[0], baseline) if len(self.runs) == 1 else None


def open_sources(paths: Sequence[Path]) -> Sources:
    """Read what is at `paths`: folders are runs, anything else is a CSV. A run alone brings its references along."""
    csvs = [path for path in paths if _is_csv(path)]
    folders = [open_run(path) for path in paths if path not in csvs]
    runs = tuple((folder, folder.load()) for folder in folders)
    given = {path.name for path in csvs}
    own, problems = folders[0].references(runs[0][1]) if len(folders) == 1 else ([], [])
    return Sources(
        runs=runs,
        files=tuple(map(_results_file, csvs)),
        references=tuple(_results_file(path) for path in own if path.name not in given),
        warnings=(*(doubt for _, run in runs for doubt in run.doubts), *problems),
    )


def _results_file(path: Path) -> ResultsFile:
    return ResultsFile(name=path.stem, figures=read_results(existing_csv(path)), notes=notes_on(path))


def compare_folder(folder: RunFolder, run: Run, baseline: str = "") -> Comparison:
    """The comparison of the run in `folder`."""
    from devbench.compare.comparison import compare_run

    return compare_run(
        run, lambda case_id: folder.samples(run, case_id), lambda case_id: folder.outputs(run, case_id), baseline
    )


def figures_of(run: Run, folder: RunFolder) -> list[Figure]:
    """The rows of the run's results.csv."""
    return [figure_of(row, str(folder.path)) for row in rows_of(run)]


def existing_csv(path: Path) -> Path:
    """`path`, if it may be a results CSV; a `ResultsFileError` says what it is instead, and which one is meant."""
    if not os.path.lexists(path):
        raise ResultsFileError(
            f"{path}: there is no such file", did_you_mean(path, [*_csvs_near(path), *runs_near(path)])
        )
    if is_run(path):
        raise ResultsFileError(f"{path}: is a run, and not a CSV", f"`devbench publish {path}` makes one of it.")
    if path.suffix in (*MODELS, *SUITES):
        raise ResultsFileError(f"{path}: this is not a results CSV", what_takes(path))
    return path


def _is_csv(path: Path) -> bool:
    """Whether to read `path` as a CSV; if not, it is a run, or what `open_run` says of it."""
    if os.path.isdir(path) or path.name == RUN_FILE:  # noqa: PTH112 - that of pathlib raises where it may not look
        return False
    return path.suffix in CSVS or owner_of(path) is None


def _csvs_near(path: Path) -> Iterator[Path]:
    for folder in dict.fromkeys((path.parent, Path("results/published"))):
        yield from listed(folder, *CSVS)
