"""Mutated results CSVs, and the descriptions beside them, through all that `devbench report` makes of them.

    uv run python -m benchmarks.fuzz.results_csv [--seed 0] [--count 3000]

`silent`: another text than was published, and nothing said. A CSV without a description has no checksum: what it says
is `read`.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.fuzz.apart import Tally, Trial, main, trials_apart
from benchmarks.fuzz.mutate import mutated_bytes
from devbench.errors import DevbenchError
from devbench.publish.verify import verify
from devbench.report.markdown import markdown
from devbench.report.tables import tables_of
from devbench.sources.sources import open_sources
from devbench.store.package import PACKAGE_FILE
from devbench.store.results_file import read_rows, write_results

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
CELLS = (
    *("", " ", "0", "-1", "1.5", "1e999", "1e308", "5e-324", "9" * 5000, "nan", "1,5", "\u0661", "=1+1", "\uff1d1"),
    *(
        "measured",
        "published",
        "failed",
        "2026-13-01",
        "0001-01-01",
        "x" * 200_000,
        "\x1b[2J",
        "\u202e",
        "1x2x3x4",
        "a\nb",
    ),
)
OURS = Path(__file__).parents[2] / "tests" / "fixtures" / "run-schema-1" / "results.csv"


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Each kind of file, mutated so many times."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        published = Path(shutil.copytree(PUBLISHED, here / "published"))
        alone = Path(shutil.copy(OURS, here / "ours.csv"))
        described = published / "coral-docs-benchmarks.csv"
        yield trials_apart("CSV with its description", _trial_on(described, described), seed, count)
        shutil.copy(PUBLISHED / described.name, described)
        yield trials_apart("description of a CSV", _trial_on(described, published / PACKAGE_FILE), seed, count)
        yield trials_apart("CSV alone", _trial_on(alone, alone), seed, count)


def _trial_on(table: Path, file: Path) -> Trial:
    """Mutate `file`, then report and verify `table`."""
    data, rows, said = file.read_bytes(), read_rows(table), open_sources([table]).files[0].notes

    def trial(random: Random) -> str:
        by_cell = file == table and random.random() < 0.5
        file.write_bytes(_with_another_cell(random, data) if by_cell else mutated_bytes(random, data))
        try:
            sources = open_sources([table])
            markdown(tables_of(sources.overview()))
            found = read_rows(table)
            write_results(found)
            verify(table, [OURS.parents[1]])
        except DevbenchError:
            return "refused"
        if found == rows:
            return "same" if sources.files[0].notes == said else "told"
        return "read" if not said else "silent" if sources.files[0].notes == said else "told"

    return trial


def _with_another_cell(random: Random, data: bytes) -> bytes:
    """One cell with what it must not hold, or with that of another."""
    lines = list(csv.reader(io.StringIO(data.decode(), newline="")))
    row, other = random.choice(lines), random.choice(lines)
    row[random.randrange(len(row))] = random.choice([*CELLS, random.choice(other)])
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue().encode()


if __name__ == "__main__":
    main(__doc__, kinds)
