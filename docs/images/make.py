"""Makes the pictures of README.md and docs/, each for light and for dark paper, and the output that README.md shows.

    uv run devbench run suites/imagenet.yaml --out RUN_FOLDER
    uv run python docs/images/make.py RUN_FOLDER

RUN_FOLDER: a run of suites/imagenet.yaml; `latency` and `drift` are drawn from it. `speedup` is drawn from the table of
the Coral documentation in results/published/, so everybody can make it again. Nothing in them is edited by hand.
README.md says in words on what machine the run was made: correct that.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from devbench.files import write_whole
from devbench.report.drawing import drawing_of
from devbench.report.plots.render import Plot, svg
from devbench.report.plots.themes import DARK, LIGHT
from devbench.sources.sources import open_sources

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[1] / "results" / "published" / "coral-docs-benchmarks.csv"
README = HERE.parents[1] / "README.md"
_REST = "Everything else: results/runs/<time>-imagenet/report.html"


def main(run_folder: Path) -> None:
    """Draw all of them into the folder of this file."""
    ours, theirs = plots_of(run_folder), plots_of(PUBLISHED)
    for name, plot in {"latency": ours["latency"], "drift": ours["drift"], "speedup": theirs["speedup"]}.items():
        for theme, ending in ((LIGHT, ""), (DARK, "-dark")):
            write_whole(HERE / f"{name}{ending}.svg", svg(plot, theme, alone=True).encode())
    readme = README.read_text()
    shown = re.sub(r"(?<=```text\n)imagenet .*?(?=```)", lambda _: output_of(run_folder), readme, flags=re.DOTALL)
    write_whole(README, shown.encode())


def output_of(run_folder: Path) -> str:
    """What `devbench run` printed at its end, in a terminal of 80 columns; only its last line names another folder."""
    command = [sys.executable, "-m", "devbench", "report", str(run_folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "80"})
    return re.sub(r"(?m)^Everything else: .*\Z", f"{_REST}\n", done.stdout.rstrip())


def plots_of(source: Path) -> Mapping[str, Plot]:
    """The plots over all cases of a run folder or of a CSV, by the first word of their names."""
    sources = open_sources([source])
    return {plot.name.partition("-")[0]: plot for plot in drawing_of(sources, sources.overview()).plots.all()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
