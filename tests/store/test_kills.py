"""A process that is killed between any two steps of writing leaves a folder that is read right, and can be gone on with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fuzz.folders import CASES, make_folder
from devbench.domain.outcome import Round, RoundFacts
from devbench.store.agreement import PHASES
from devbench.store.folder import RunFolder
from devbench.store.taking_up import clear_up, reopened, was_joined, without_damage

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on

STEPS = ("fsync", "replace", "unlink", "rmdir", "mkdir")
MOST_STEPS = 200


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pulls a plug here: that fsync is called counts, and not what it does."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def _killed_at(number: int, deed: Callable[[], object]) -> bool:
    """Do `deed` in a child that is gone before its step `number`; whether there was such a step."""
    child = os.fork()
    if child == 0:
        left = [number]

        def counted(step: Callable[..., Any]) -> Callable[..., Any]:
            def do(*arguments: Any, **rest: Any) -> Any:
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)
                return step(*arguments, **rest)

            return do

        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        try:
            deed()
        except BaseException:  # noqa: BLE001 - pytest must not go on in the child
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 9)
    return os.waitstatus_to_exitcode(status) == 9


def _samples(folder: RunFolder) -> dict[Any, Any]:
    run = folder.load()
    assert run.doubts == ()
    assert list(folder.files.damage(run)) == []
    return {
        (case.id, phase, index): ns.tolist()
        for case in run.cases
        for phase in PHASES
        for index, ns in folder.samples(run, case.id, phase).items()
    }


def _finish(path: Path) -> RunFolder:
    """What `--resume` does to a folder in which no round is missing."""
    with RunFolder(path) as folder:
        run = folder.load()
        clear_up(folder, run)
        if not run.finished_utc:
            run, notes = without_damage(folder, reopened(folder, run) if was_joined(folder, run) else run)
            assert notes == []
            folder.finish(run)
    assert not (path / "parts").exists()
    return folder


def _every_kill(original: Path, deed: Callable[[Path], object]) -> None:
    """Whatever `deed` was about to do when it was killed, no sample is lost."""
    expected = _samples(RunFolder(original))
    for number in range(MOST_STEPS):
        path = original.with_name(f"killed-{number}")
        shutil.copytree(original, path)
        was_killed = _killed_at(number, lambda path=path: deed(path))  # type: ignore[misc]
        assert _samples(RunFolder(path)) == expected
        assert _samples(_finish(path)) == expected
        assert not list(path.rglob("*.tmp"))
        shutil.rmtree(path)
        if not was_killed:
            assert number > 5
            return
    raise AssertionError("it does not end")


def test_finishing_a_run(tmp_path: Path) -> None:
    make_folder(tmp_path / "run", finished=False, rounds=1)
    _every_kill(tmp_path / "run", _finish)


def test_taking_up_a_finished_run(tmp_path: Path) -> None:
    make_folder(tmp_path / "run", rounds=1)

    def reopen_and_finish(path: Path) -> None:
        with RunFolder(path) as folder:
            folder.finish(reopened(folder, folder.load()))

    _every_kill(tmp_path / "run", reopen_and_finish)


def test_adding_a_round_counts_it_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run", finished=False, rounds=2)
    run = folder.load()
    case = run.case(CASES[0])
    last = case.rounds[-1]
    before = run.with_case(replace(case, rounds=case.rounds[:-1]))
    samples = {phase: folder.samples(run, case.id, phase)[last.index] for phase in PHASES}
    folder.save(before)
    seen = set()
    for number in range(MOST_STEPS):
        path = tmp_path / f"killed-{number}"
        shutil.copytree(tmp_path / "run", path)
        was_killed = _killed_at(number, lambda path=path: _add(path, case.id, last, samples))  # type: ignore[misc]
        seen.add(len([key for key in _samples(RunFolder(path)) if key[:2] == (case.id, "steady")]))
        if not was_killed:
            break
    assert seen == {1, 2}


def _add(path: Path, case_id: str, about: RoundFacts, samples: dict[str, Any]) -> None:
    done = Round(about=about, warmup_ns=samples["warmup"], samples_ns=samples["steady"], compute_ns=samples["compute"])
    with RunFolder(path) as folder:
        folder.save(folder.add_round(folder.load(), case_id, done))
