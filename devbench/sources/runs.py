"""The run folder that the command line names, or what stands there instead and which run is probably meant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.errors import RunFolderError
from devbench.sources.paths import did_you_mean, listed, some, what_takes
from devbench.store import RUN_FILE

if TYPE_CHECKING:
    from devbench.store.folder import RunFolder

RUNS = Path("results/runs")  # where `devbench run` puts its folders


def open_run(path: Path) -> RunFolder:
    """The run in the folder `path`, or of the `run.json` that it is; a `RunFolderError` names what it is instead."""
    folder = path.parent if path.name == RUN_FILE else path
    if is_run(folder):
        from devbench.store.folder import RunFolder

        return RunFolder(folder)
    what, hint = _instead(path)
    raise RunFolderError(f"{path}: {what}", hint or "Name the folder of a run, as `devbench run` printed it.")


def is_run(folder: Path) -> bool:
    """Whether there is a run in `folder`, readable or not."""
    return os.path.lexists(folder / RUN_FILE)


def owner_of(file: Path) -> Path | None:
    """The run folder that `file` is a part of, such as `samples.parquet`."""
    return next((folder for folder in list(file.parents)[:2] if is_run(folder)), None)


def newest_runs(folder: Path) -> list[Path]:
    """The runs in a folder of runs, newest first: their names begin with the time."""
    return sorted((path for path in listed(folder) if is_run(path)), reverse=True)


def _instead(path: Path) -> tuple[str, str]:
    """What `path` is, as it is not a run, and what to do."""
    if not os.path.lexists(path):
        return "there is no such run", did_you_mean(path, runs_near(path))
    if owner := owner_of(path):
        return "is a part of a run", f"Name the run's folder: {owner}"
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises without permission to look
        return "is not the folder of a run", what_takes(path)
    if runs := newest_runs(path):
        return "is a folder of runs, and not one run", f"Name one of them. The newest: {some(runs)}"
    return "is not the folder of a run: it holds no run.json", ""


def runs_near(path: Path) -> Iterator[Path]:
    """The runs beside `path`, or where runs usually are."""
    for folder in dict.fromkeys((path.parent, RUNS)):
        yield from newest_runs(folder)
