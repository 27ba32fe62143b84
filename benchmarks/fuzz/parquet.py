"""Mutated files of samples and outputs: whatever reads them again must say so, and must not end the process.

    uv run python -m benchmarks.fuzz.parquet [--seed 0] [--count 3000]

`silent`: other samples than were written, without an error. Files of schema 1 have no checksums: there, samples that
still agree with the figures in run.json are `read`.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.folders import CASES, make_folder
from benchmarks.fuzz.mutate import mutated_bytes
from devbench.domain.run import Run
from devbench.errors import DevbenchError
from devbench.store.agreement import PHASES
from devbench.store.checked import SAMPLES_FILE, outputs_of, part_of
from devbench.store.folder import RUN_FILE, RunFolder
from devbench.store.seals import SEAL
from devbench.store.taking_up import without_damage

SCHEMA_1 = Path(__file__).parents[2] / "tests" / "fixtures" / "run-schema-1"
Look = Callable[[RunFolder, Run], Any]


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Each kind of file, mutated so many times."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        finished, unfinished = make_folder(here / "finished"), make_folder(here / "unfinished", finished=False)
        run, old = unfinished.load(), RunFolder(Path(shutil.copytree(SCHEMA_1, here / "old")))
        many = RunFolder(Path(shutil.copytree(finished.path, here / "many")))
        _as_schema_1(many)
        part, outputs = part_of(run, CASES[1], 1), outputs_of(run, CASES[0])
        files: list[tuple[str, RunFolder, str, Look]] = [
            (SAMPLES_FILE, finished, SAMPLES_FILE, _everything),
            ("a part, then its run", unfinished, part, _everything),
            ("a part, then `--resume`", unfinished, part, _taken_up),
            ("outputs", unfinished, outputs, _everything),
            (f"{SAMPLES_FILE}, schema 1", old, SAMPLES_FILE, _everything),
            (f"{SAMPLES_FILE}, schema 1, several cases", many, SAMPLES_FILE, _everything),
        ]
        for title, folder, file, look in files:
            yield trials_apart(title, _trial_on(folder, file, look), seed, count)
            folder.path.joinpath(file).write_bytes(_whole(folder, file))


def _as_schema_1(folder: RunFolder) -> None:
    """Take its checksums from a run."""
    path = folder.path / RUN_FILE
    document = json.loads(path.read_text())
    del document[SEAL]
    path.write_text(json.dumps({**document, "schema": 1}))


def _whole(folder: RunFolder, file: str) -> bytes:
    """The file as it was written."""
    whole = folder.path / f"whole-{Path(file).name}"
    if not whole.exists():
        shutil.copy(folder.path / file, whole)
    return whole.read_bytes()


def _trial_on(folder: RunFolder, file: str, look: Look) -> Callable[[Random], str]:
    run, data, path = folder.load(), _whole(folder, file), folder.path / file
    written = look(folder, run)

    def trial(random: Random) -> str:
        changed = _mutated(random, data)
        path.write_bytes(changed)
        os.utime(path, ns=(random.getrandbits(60),) * 2)  # two trials may well fall into one tick of the file system
        try:
            found = look(RunFolder(folder.path), run)
        except DevbenchError:
            return "refused"
        if found == written:
            return "same"
        if look is _taken_up:
            return "told" if found[1] else "silent"
        return "read" if run.schema == 1 else "silent"

    return trial


def _mutated(random: Random, data: bytes) -> bytes:
    """One flipped bit, half of the time: what a bad disk does."""
    if random.random() < 0.5:
        where = random.randrange(len(data))
        return data[:where] + bytes([data[where] ^ 1 << random.randrange(8)]) + data[where + 1 :]
    return mutated_bytes(random, data)


def _everything(folder: RunFolder, run: Run) -> Any:
    """All samples and outputs of a run."""
    ids = [case.id for case in run.cases]
    found = {
        (case_id, phase): {index: ns.tolist() for index, ns in folder.samples(run, case_id, phase).items()}
        for case_id, phase in itertools.product(ids, PHASES)
    }
    return found, [folder.outputs(run, case_id) for case_id in ids]


def _taken_up(folder: RunFolder, run: Run) -> Any:
    """What `--resume` goes on with, and what it says of that."""
    return without_damage(folder, run)


if __name__ == "__main__":
    main(__doc__, kinds)
