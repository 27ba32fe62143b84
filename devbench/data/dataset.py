"""Runs and results CSVs, opened: their figures, samples and comparisons as pandas data frames."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.compare.between import between_models
from devbench.compare.grid import Row
from devbench.compare.overview import Overview
from devbench.data.need import need_pandas
from devbench.data.plot import Plot
from devbench.domain.run import Run
from devbench.errors import DevbenchError, RunFolderError
from devbench.report.compact import compact_lines
from devbench.report.drawing import drawing_of
from devbench.report.plots import case_plot
from devbench.report.words import answer_sentences
from devbench.sources.paths import CSVS, listed, some
from devbench.sources.runs import is_run, newest_runs
from devbench.sources.sources import Sources, open_sources
from devbench.suites.names import similar

if TYPE_CHECKING:
    import pandas as pd

    from devbench.store.folder import RunFolder

_WIDTH = 100  # of the report as text
_PHASES = ("warmup", "steady", "compute")


def open_dataset(*paths: str | os.PathLike[str]) -> Dataset:
    """Open run folders and results CSVs, any number of them; a folder stands for all runs, or all CSVs, in it.

    A `DevbenchError` says what cannot be opened and what to do. What was changed after it was written is a warning.
    """
    if not paths:
        raise DevbenchError("nothing was named to open", "Name run folders or results CSVs.")
    expanded = [one for path in paths for one in _expanded(Path(path).expanduser().absolute())]
    sources = open_sources(list(dict.fromkeys(expanded)))
    for text in sources.warnings:
        warnings.warn(text, stacklevel=2)
    return Dataset(sources)


def columns() -> pd.DataFrame:
    """Every column of `Dataset.results`: its unit, its meaning, and its type. One row a column, by name."""
    need_pandas()
    from devbench.data.frames import columns_frame

    return columns_frame()


class Dataset:
    """What was opened: any number of runs and results CSVs.

    Frames are made anew each time they are asked for, so they can be changed freely. Times are in the unit that ends a
    column's name. `str(dataset)` is the report that `devbench report` prints, and what a notebook shows.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._overviews: dict[str, Overview] = {}

    @property
    def results(self) -> pd.DataFrame:
        """A row for each case or published figure, with the columns of a results CSV (`columns()`).

        What is unknown is missing (NaN, NaT, <NA>). `attrs["units"]` has the unit of each column that has one.
        """
        need_pandas()
        from devbench.data.frames import results_frame

        return results_frame(self._sources.rows())

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each run: `run`, `suite`, `started_utc`, `finished_utc`, `cases`, `seed`, version and `folder`."""
        need_pandas()
        from devbench.data.frames import runs_frame

        return runs_frame([(str(folder.path), run) for folder, run in self._sources.runs])

    @property
    def rounds(self) -> pd.DataFrame:
        """A row for each round of each case: when it began, how long it took, what disturbed it.

        `counts` is False for a round that was measured again: no figure is made of it.
        """
        need_pandas()
        from devbench.data.frames import rounds_frame

        return rounds_frame([run for _, run in self._sources.runs])

    @property
    def facts(self) -> pd.DataFrame:
        """What workers saw of machine, interpreter and runtime: `run`, `case`, `round`, `name`, `value`."""
        need_pandas()
        from devbench.data.frames import facts_frame

        return facts_frame([run for _, run in self._sources.runs])

    @property
    def notes(self) -> pd.DataFrame:
        """What a reader of these results must know, the gravest first: `kind`, `cause`, `text`, `cases`."""
        need_pandas()
        from devbench.data.frames import notes_frame

        return notes_frame(self._overview().findings)

    @property
    def answer(self) -> str:
        """What `devbench report` says first: which system is fastest, by how much, and how sure it is."""
        return " ".join(answer_sentences(self._overview()))

    @property
    def plots(self) -> tuple[str, ...]:
        """Names that `plot` takes."""
        drawing = drawing_of(self._sources, self._overview())
        return (*(plot.name for plot in drawing.plots.all()), *(["samples"] if drawing.traces else []))

    def samples(self, cases: str | Iterable[str] = (), phase: str = "steady") -> pd.DataFrame:
        """Every sample: `run`, `case`, `round`, `phase`, `index`, `ns`, `counts`, `started_utc` (of the round).

        cases: the id of one case, or of several; all of them by default. phase: `steady`, `warmup`, `compute`, or
        `all`. ns: nanoseconds of one inference. counts: whether the round is one that figures are made of.
        A `DamagedError` for samples that are not as they were written.
        """
        need_pandas()
        from devbench.data.frames import samples_frame

        wanted = [cases] if isinstance(cases, str) else list(cases)
        if phase not in (*_PHASES, "all"):
            raise DevbenchError(f"there is no phase '{phase}'", f"There are: {', '.join(_PHASES)}, all.")
        runs = self._runs_with(wanted)
        return samples_frame(runs, set(wanted), _PHASES if phase == "all" else (phase,))

    def ratios(self, baseline: str = "") -> pd.DataFrame:
        """How many times faster each figure is than the baseline's of the same work, as `devbench report` has it.

        baseline: a device or system; by default the suite's, else the first. `times_faster` has its interval in
        `times_faster_low` and `times_faster_high` (`level`: 0.95), and `shown` says what follows from it: `faster`,
        `slower`, `no difference`, or `undecided` where a figure is contaminated. Where there is no ratio, `no_ratio`
        says why. `unconfirmed` says why nothing shows that both gave the same answers.
        """
        need_pandas()
        from devbench.data.ratios import ratios_frame

        return ratios_frame(self._overview(baseline))

    def means(self, baseline: str = "") -> pd.DataFrame:
        """The geometric mean of `ratios` over models, for each system with two or more, with its range."""
        need_pandas()
        from devbench.data.ratios import means_frame

        return means_frame(self._overview(baseline))

    def between_models(self, slow: str, *fast: str) -> pd.DataFrame:
        """How many times as long the model `slow` takes as each of `fast`, by system, at the same precision.

        By default `fast` is every other model.
        """
        need_pandas()
        from devbench.data.ratios import between_frame

        overview = self._overview()
        known = dict.fromkeys(row.model for row in (*overview.grid.rows, *_rows(overview)))
        for name in (slow, *fast):
            if name not in known:
                raise DevbenchError(f"there is no model '{name}'", _names("model", name, list(known)))
        others = fast or tuple(name for name in known if name != slow)
        files = [] if overview.only_file else list(overview.files.values())
        return between_frame(between_models(overview.grid, [slow, *others], files))

    def plot(self, name: str = "", *, case: str = "", baseline: str = "") -> Plot:
        """A plot of the page, one of `plots`: `speedup`, `latency` or `drift`, or the `samples` of one `case`.

        By default the one that shows the answer. A notebook shows it where it is the last value of a cell.
        """
        drawing = drawing_of(self._sources, self._overview(baseline))
        if case or name == "samples":
            if name not in ("", "samples"):
                raise DevbenchError(f"the plot '{name}' is not of one case", "Leave out `case`.")
            if case not in drawing.traces:
                raise DevbenchError(
                    f"there are no samples of a case '{case}' to draw", _names("case", case, list(drawing.traces))
                )
            number = list(drawing.traces).index(case) + 1
            return Plot(case_plot(drawing.traces[case], number, drawing.origin))
        plots = {plot.name: plot for plot in drawing.plots.all()}
        if not plots:
            raise DevbenchError("there is nothing to draw", "Look at `results`: does any row have a figure?")
        found = [plot for key, plot in plots.items() if key == name or key.startswith(f"{name}-") or not name]
        if not found:
            raise DevbenchError(f"there is no plot '{name}'", _names("plot", name, list(plots)))
        return Plot(found[0])

    def __repr__(self) -> str:
        runs, files = len(self._sources.runs), len(self._sources.files)
        parts = [f"{runs} run{'s' * (runs != 1)}"] * bool(runs)
        parts += [f"{files} results CSV{'s' * (files != 1)}"] * bool(files)
        return f"<devbench.data.Dataset: {', '.join(parts)}, {len(self._sources.rows())} rows>"

    def __str__(self) -> str:
        return "\n".join("".join(span.text for span in line) for line in compact_lines(self._overview(), _WIDTH, ""))

    def _repr_html_(self) -> str:
        """What a notebook shows. Must not raise: samples may be damaged where results can still be read."""
        try:
            text = str(self)
        except DevbenchError as error:
            text = f"{self!r}\n{error.message}"
        return f"<pre>{escape(text)}</pre>"

    def _overview(self, baseline: str = "") -> Overview:
        if baseline not in self._overviews:
            self._overviews[baseline] = self._sources.overview(baseline)
        return self._overviews[baseline]

    def _runs_with(self, cases: Sequence[str]) -> list[tuple[RunFolder, Run]]:
        """The runs, if there are any and each of `cases` is in one."""
        if not self._sources.runs:
            raise DevbenchError(
                "a results CSV has no samples", "Open the folder of the run: it has `samples.parquet` beside run.json."
            )
        known = list(dict.fromkeys(case.id for _, run in self._sources.runs for case in run.cases))
        for name in cases:
            if name not in known:
                raise DevbenchError(f"there is no case '{name}'", _names("case", name, known))
        return list(self._sources.runs)


def _rows(overview: Overview) -> Iterable[Row]:
    return (row for grid in overview.files.values() for row in grid.rows)


def _names(what: str, wrong: str, known: list[str]) -> str:
    """Which name is probably meant, and which there are."""
    near = similar(wrong, known)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return f"{meant}There are: {some(known)}." if known else f"There is no {what} at all."


def _expanded(path: Path) -> list[Path]:
    """The runs in a folder of runs, oldest first, or the CSVs in a folder of those; else the path itself."""
    if not path.is_dir() or is_run(path):
        return [path]
    return _readable(newest_runs(path)[::-1]) or list(listed(path, *CSVS)) or [path]


def _readable(runs: Sequence[Path]) -> list[Path]:
    """Those of a folder's runs that can be read; a warning for each other one: one of many costs only itself."""
    found = []
    for path in runs:
        try:
            open_sources([path])
        except RunFolderError as error:
            warnings.warn(f"left out: {error.message}", stacklevel=4)
        else:
            found.append(path)
    return found
