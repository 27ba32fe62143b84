"""Mutated run.json files, through all that reads a run: report, compare, verify and what `--resume` looks at.

    uv run python -m benchmarks.fuzz.run_json [--seed 0] [--count 3000]

`silent`: other content than was written, and neither an error nor a doubt. A file of schema 1 has no checksums: there,
what it says is `read`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.folders import make_folder
from benchmarks.fuzz.mutate import mutated_bytes, mutated_json
from devbench.compare.runs import compare_runs
from devbench.domain.run import Run
from devbench.errors import DevbenchError
from devbench.publish.rows import footnotes, profiles
from devbench.publish.verify import verify_run
from devbench.report.markdown import markdown
from devbench.report.runs_table import runs_data, runs_table
from devbench.report.tables import tables_of
from devbench.sources.sources import Sources, open_sources, run_source
from devbench.store.codec import encode_run
from devbench.store.folder import RUN_FILE, RunFolder
from devbench.store.results_file import write_results
from devbench.store.results_rows import rows_of
from devbench.store.taking_up import without_damage

SCHEMA_1 = Path(__file__).parents[2] / "tests" / "fixtures" / "run-schema-1"


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Each kind of run folder, with so many mutated run.json files."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        finished, unfinished, old = make_folder(here / "a"), make_folder(here / "b", finished=False), here / "old"
        shutil.copytree(SCHEMA_1, old)
        yield trials_apart("run.json", lambda random: _trial(random, finished), seed, count)
        yield trials_apart("run.json, unfinished", lambda random: _trial(random, unfinished), seed, count)
        yield trials_apart("run.json, schema 1", lambda random: _trial(random, RunFolder(old)), seed, count)


def _trial(random: Random, folder: RunFolder) -> str:
    path = folder.path / RUN_FILE
    whole = path.with_name("whole.json")
    if not whole.exists():
        shutil.copy(path, whole)
    data = whole.read_bytes()
    written = _loaded(folder, data)
    changed = _mutated(random, data)
    path.write_bytes(changed)
    try:
        run = folder.load()
    except DevbenchError:
        return "refused"
    for look in LOOKS:
        with contextlib.suppress(DevbenchError):
            look(folder, run)
    if run == written:
        return "same"
    return "told" if run.doubts else "read" if written.schema == 1 else "silent"


def _loaded(folder: RunFolder, data: bytes) -> Run:
    (folder.path / RUN_FILE).write_bytes(data)
    return folder.load()


def _mutated(random: Random, data: bytes) -> bytes:
    match random.randrange(3):
        case 0:
            return mutated_bytes(random, data)
        case 1:
            return _nudged(random, data)
        case _:
            return json.dumps(mutated_json(random, json.loads(data)), indent=2).encode()


def _nudged(random: Random, data: bytes) -> bytes:
    """Another letter or digit in one place: what an editor, or a bad memory cell, does."""
    places = [index for index, byte in enumerate(data) if chr(byte).isalnum()]
    where = random.choice(places)
    alike = b"0123456789" if chr(data[where]).isdigit() else b"aeiousntrl"
    return data[:where] + bytes([random.choice(alike)]) + data[where + 1 :]


def _report(folder: RunFolder, run: Run) -> None:
    sources: Sources = open_sources([folder.path])
    encode_run(run).decode()
    write_results(rows_of(run))
    markdown(tables_of(sources.overview()))


def _compare(folder: RunFolder, run: Run) -> None:
    side = run_source(folder, run)
    changes = compare_runs(side, side, 0.01)
    json.dumps(runs_data(changes))
    markdown([runs_table(changes)])


def _verify(folder: RunFolder, _: Run) -> None:
    verify_run(folder)


def _publish(_: RunFolder, run: Run) -> None:
    footnotes(run)
    profiles(run)


def _resume(folder: RunFolder, run: Run) -> None:
    if not run.doubts and not run.finished_utc:
        encode_run(replace(without_damage(folder, run)[0]))


LOOKS = (_report, _compare, _verify, _publish, _resume)  # all that the commands make of a run


if __name__ == "__main__":
    main(__doc__, kinds)
