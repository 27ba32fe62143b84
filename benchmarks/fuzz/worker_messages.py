"""Malicious workers: mutated answers through the host's own code, and each attack by its name through a whole run.

    uv run python -m benchmarks.fuzz.worker_messages [--seed 0] [--count 3000]

A mutated conversation goes through session, schema, round, run folder and all that the commands make of a run. An
attack is the worker of one place in a real `devbench run` with a second place beside it: `refused` is that its case
failed and the other case was measured. A host that grows by more than half a gigabyte counts as a traceback.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.folders import make_folder
from benchmarks.fuzz.mutate import mutated_bytes, mutated_json
from benchmarks.fuzz.run_json import LOOKS
from benchmarks.fuzz.worker_attacks import Attack, Message, attacks, lines
from devbench.domain.measure import PROFILES, Measure
from devbench.domain.outcome import Measured, Round
from devbench.errors import DevbenchError, RecordError, RoundError
from devbench.models.prediction import predict
from devbench.places import session
from devbench.places.archive import worker_archive
from devbench.places.process import TimeIsUpError
from devbench.places.talk import Talk
from devbench.run.extend import judged
from devbench.run.summary import outcome_of
from devbench.store.folder import RunFolder
from devbench.testing import measure_once
from devbench.testing.fake import FakeRuntime
from devbench.worker.outputs import packed

SHORT = replace(PROFILES["quick"], warmup_runs=5, warmup_s=0.0, min_runs=20, min_s=0.0, cap_s=2.0, time_limit_s=4.0)
MOST_GROWTH_BYTES = 512 << 20
MOST_S = 120.0  # of a run with an attack: a hello has 60 s, and the machine may be busy
_STAND_IN = """#!{python} -IS
import os, sys, time
def out(data):
    while data:
        data = data[os.write(1, data):]
folder = os.path.dirname(os.path.abspath(__file__))
read = lambda name: open(os.path.join(folder, name), "rb").read()
out(read("hello"))
if read("hello") and not sys.stdin.buffer.readline():
    sys.exit()
out(read("rest"))
exec(read("then"))
"""


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Mutated conversations, so many, and the attacks by their names."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield mutations(folder, seed, count)
        yield named(folder)


def mutations(folder: Path, seed: int, count: int) -> Tally:
    """So many mutated conversations."""
    heard = conversation(folder)
    made = make_folder(folder / "run", finished=False)
    artifact = _artifact(folder)
    return trials_apart("answers, mutated", partial(_trial, made, artifact, heard), seed, count)


def conversation(folder: Path) -> list[Message]:
    """What a real worker says of a real case, and a real output with it."""
    archive = worker_archive(FakeRuntime.engine, folder)
    request = {"artifact": str(_artifact(folder)), "inputs": [], "outputs": [], "options": {}, "feeds": [], "seed": 0}
    sent = lines({**request, "settings": asdict(SHORT)})
    done = subprocess.run([sys.executable, str(archive), "fake"], input=sent, stdout=subprocess.PIPE, check=True)
    heard: list[Message] = [json.loads(line) for line in done.stdout.splitlines()]
    spec = {"name": "y", "scale": 0.5, "zero_point": 3}
    [output] = packed([(spec, np.arange(8, dtype="int8"))])
    return [*heard[:-1], {"event": "output", **output}, heard[-1]]


class Replay:
    """Says what it was given, instead of a process."""

    log_tail = ""

    def __init__(self, data: bytes) -> None:
        self._left = data.split(b"\n")

    def send(self, _data: bytes) -> None:
        """Take what is sent."""

    def read_line(self, _deadline_s: float) -> bytes | None:
        """The next line; after the last one, silence."""
        if len(self._left) > 1:
            return self._left.pop(0)
        raise TimeIsUpError

    def exit_status(self, _within_s: float) -> int:
        """It ends in order."""
        return 0

    def end(self, _grace_s: float = 0.0) -> None:
        """There is nothing to end."""


def _trial(folder: RunFolder, artifact: Path, heard: Sequence[Message], random: Random) -> str:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        done = answered(artifact, _mutated(random, heard), folder.path)
        _stored(folder, done)
    except (RoundError, RecordError):
        return "refused"
    finally:
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
        assert grown < MOST_GROWTH_BYTES, f"the host grew by {grown >> 20} MiB"
    return "read"


def answered(artifact: Path, data: bytes, archives: Path) -> Round:
    """The round that the host makes of a worker's output."""
    process: Any = Replay(data)
    session.talk_here = lambda *_, **__: Talk(process, "start", lambda *_: None)
    return measure_once(FakeRuntime, artifact, archives, measure=SHORT)


def _mutated(random: Random, heard: Sequence[Message]) -> bytes:
    if random.randrange(3) == 0:
        return mutated_bytes(random, lines(*heard))
    changed: list[Any] = list(heard)
    for _ in range(random.randint(1, 3)):
        where = random.randrange(len(changed))
        changed[where] = mutated_json(random, changed[where])
    return lines(*changed)


def _stored(folder: RunFolder, done: Round) -> None:
    """What a run does with a round, and what the commands do with the run."""
    run = folder.load()
    case = run.cases[0]
    one = replace(done, about=replace(done.about, index=len(case.rounds)))
    with contextlib.suppress(OSError):
        (folder.path / "outputs" / f"{case.id}.json").unlink()
    longer = folder.add_round(run, case.id, one)
    run = judged(longer, partial(folder.samples, longer))
    outcome = outcome_of(run.case(case.id), partial(folder.samples, run, case.id))
    predict(one.outputs, [])
    assert isinstance(outcome, Measured)
    run = run.with_case(replace(run.case(case.id), outcome=outcome))
    kept = (folder.path / "run.json").read_bytes()
    try:
        folder.save(run)
        assert folder.load() == run, "what was written is not what is read"
        for look in LOOKS:
            with contextlib.suppress(DevbenchError):
                look(folder, run)
    finally:
        (folder.path / "run.json").write_bytes(kept)


def named(folder: Path, only: Sequence[str] = ()) -> Tally:
    """A run for each attack."""
    tally = Tally("answers, malicious")
    heard = conversation(folder)
    found = attacks(heard)
    names = only or list(found)

    def attacked(number: int) -> tuple[str, str]:
        return _attacked(folder / f"attack-{number}", found[names[number]], heard)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ends = list(pool.map(attacked, range(len(names))))
    for name, (word, text) in zip(names, ends, strict=True):
        tally.counts[word] += 1
        if word in ("traceback", "hang", "silent"):
            tally.findings.append(f"{name}: {word}: {text}")
    return tally


def stand_in(folder: Path, attack: Attack, heard: Sequence[Message]) -> Path:
    """A program that is the worker of an attack."""
    parts = {
        "hello": lines(heard[0]) if attack.hello is None else attack.hello,
        "rest": lines(*heard[1:]) if attack.rest is None else attack.rest,
        "then": attack.then.encode(),
    }
    for name, data in parts.items():
        (folder / name).write_bytes(data)
    program = folder / "stand-in"
    program.write_text(_STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    return program


def _attacked(folder: Path, attack: Attack, heard: Sequence[Message]) -> tuple[str, str]:
    """What became of a run in which one of two places is attacked, and what there is to say of it."""
    folder.mkdir()
    program = stand_in(folder, attack, heard)
    places = f"- {{name: local, device: fake, python: '{program}'}}\n- {{name: sound, device: fake}}\n"
    (folder / "lab.yaml").write_text(f"places:\n{places}")
    (folder / "a.fake").write_text("{}")
    (folder / "suite.yaml").write_text(
        f"name: attacked\nmodels: [{{name: a, source: a.fake}}]\ndevices: [fake]\nmeasure: {_measure(SHORT)}\n"
    )
    begin_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "devbench", "run", "suite.yaml", "--out", "out"],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=(folder / "said").open("wb"),
        stderr=subprocess.STDOUT,
    )
    usage, seconds = _waited_for(process.pid), time.monotonic() - begin_s
    return _judged(folder, attack, usage.ru_maxrss * 1024, seconds)


def _judged(folder: Path, attack: Attack, peak_bytes: int, seconds: float) -> tuple[str, str]:
    said = (folder / "said").read_text(errors="replace")
    if seconds > MOST_S:
        return "hang", f"{seconds:.0f} s"
    if "Traceback" in said:
        return "traceback", said[-300:]
    if peak_bytes > MOST_GROWTH_BYTES:
        return "traceback", f"the host grew to {peak_bytes >> 20} MiB"
    run = RunFolder(folder / "out").load()
    outcomes: Mapping[str, str] = {case.place: case.outcome.status for case in run.cases}
    if outcomes.get("sound") != "measured" or run.doubts or not run.finished_utc:
        return "silent", f"the other case was lost: {outcomes} {said[-300:]}"
    if outcomes.get("local") == "measured":
        return ("read", "") if attack.harmless else ("silent", "the lie was believed")
    return "refused", ""


def _waited_for(pid: int) -> resource.struct_rusage:
    """What the process used, when it has ended; if it does not, it is killed."""
    deadline_s = time.monotonic() + MOST_S + 10
    while time.monotonic() < deadline_s:
        ended, _, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return usage
        time.sleep(0.02)
    os.kill(pid, 9)
    return os.wait4(pid, 0)[2]


def _measure(measure: Measure) -> str:
    return json.dumps({name: value for name, value in asdict(measure).items() if name not in ("percentiles",)})


def _environment(folder: Path) -> dict[str, str]:
    """With the fake device's plugin, and a cache of its own."""
    about = folder / "site" / "fake-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[devbench]\nfake = devbench.testing.fake\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEVBENCH_")}
    return {**kept, "PYTHONPATH": str(folder / "site"), "DEVBENCH_CACHE": str(folder / "cache"), "DEVBENCH_PAGE": "0"}


def _artifact(folder: Path) -> Path:
    path = folder / "a.fake"
    path.write_text("{}")
    return path


if __name__ == "__main__":
    main(__doc__, kinds)
