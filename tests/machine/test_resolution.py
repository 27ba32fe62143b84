"""What this machine can show, of machines whose noise is known; and the real piece of work once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from devbench.cli.app import run_app
from devbench.errors import DevbenchError
from devbench.machine import resolution
from devbench.machine.resolution import Plan, Work, in_a_process, measure_resolution
from devbench.report.resolution import answer, checks
from devbench.stats import Spread
from devbench.store.resolutions import EarlierResolution, Resolutions

UNKNOWN = Spread(0.02, 3.0, 0)
PIECE_S = 0.002


def machine(process_sd: float, cpus: dict[int, tuple[float, float]] | None = None, wander: float = 0.0) -> Work:
    """Work on a machine whose processes differ by so much. cpus: time and spread on each of them."""
    rng = np.random.default_rng(7)

    def work(seconds: float, cpu: int | None) -> np.ndarray:
        factor, sd = (cpus or {}).get(-1 if cpu is None else cpu, (1.0, process_sd))
        count = int(seconds / PIECE_S)
        phases = np.repeat(rng.choice([0.0, wander], count // 500 + 1), 500)[:count]
        logs = rng.normal(0, sd) + phases + rng.normal(0, 0.002, count)
        return np.rint(PIECE_S * 1e9 * factor * np.exp(logs)).astype(np.int64)

    return work


def test_what_it_foretells_is_what_runs_on_such_a_machine_reach() -> None:
    """Five rounds whose processes differ by 2 %: t(4) · 2 % / √5 = 2.5 %, as far as 40 processes tell."""
    found = measure_resolution(UNKNOWN, Plan(turns=20), machine(0.02), cpus=())
    assert found.process_sd == pytest.approx(0.02, rel=0.3)
    assert found.run == pytest.approx(0.025, rel=0.35)
    assert found.again > found.run
    assert found.two_runs > found.again
    assert found.side_by_side < found.run
    assert found.wanders is None


def test_slow_phases_of_a_second_are_found() -> None:
    found = measure_resolution(UNKNOWN, Plan(turns=5), machine(0.001, wander=0.1), cpus=())
    assert found.wanders
    assert 0.3 < found.wanders.seconds < 3
    assert any(one.name == "wandering" and one.good is False for one in checks(found, []))


def test_a_faster_and_a_steadier_cpu_are_named_and_equal_ones_are_not() -> None:
    differ = {0: (1.05, 0.001), 1: (1.0, 0.001)}
    about = {one.name: one for one in checks(measure_resolution(UNKNOWN, Plan(), machine(0.02, differ), (0, 1)), [])}
    assert about["another core"].text.startswith("CPU 1 is the fastest now")
    assert "taskset -c 1 " in about["another core"].hint
    assert about["pinning"].good is False
    alike = {one.name: one for one in checks(measure_resolution(UNKNOWN, Plan(), machine(0.01), (0, 1)), [])}
    assert (alike["another core"].good, alike["pinning"].good) == (True, True)


@pytest.mark.parametrize("turns", [5, 10])
def test_of_cpus_that_are_alike_one_is_named_in_at_most_five_of_a_hundred(turns: int) -> None:
    """The fastest and the steadiest of three are chosen by what they have shown: by chance one always stands out."""
    rng, trials, faster, steadier = np.random.default_rng(5), 2000, 0, 0
    for _ in range(trials):
        pinned = {cpu: list(rng.normal(0, 0.03, turns)) for cpu in range(3)}
        free = float(np.var(rng.normal(0, 0.03, 2 * turns), ddof=1))
        faster += resolution._fastest(pinned) is not None
        steadier += resolution._steadiest(pinned, free) is not None
    assert max(faster, steadier) / trials <= 0.055  # 0.05, and what 2,000 trials may show


def test_another_hour_helps_if_it_was_better_before_on_this_machine(tmp_path: Path) -> None:
    here, elsewhere = ({"machine_id": name, "cpu": "same"} for name in ("one", "other"))
    Resolutions(tmp_path, elsewhere).add(EarlierResolution(at_utc="2026-11-20T03:00:00+00:00", run=0.0001))
    known = Resolutions(tmp_path, here)
    assert known.read() == []
    known.add(EarlierResolution(at_utc="2026-11-21T03:00:00+00:00", run=0.002))
    with next(tmp_path.glob(known._path.name)).open("a") as file:
        file.write('{"at_utc": "2026", "run": -1}\nnot JSON\n\x00\n')
    assert len(known.read()) == 1
    found = measure_resolution(UNKNOWN, Plan(turns=5, series_s=1), machine(0.02), cpus=())
    hour = checks(found, known.read())[-1]
    assert (hour.good, hour.text.startswith("helps: ")) == (False, True)
    assert "2026-11-21 03:00 UTC" in hour.text
    assert checks(found, [])[-1].good is None


def test_the_work_runs_in_a_process_of_its_own_on_the_cpu_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = next(iter(resolution.cpus_to_try()), None)
    taken = in_a_process(0.05, cpu)
    assert taken.size >= 2
    assert taken.min() > 0
    with pytest.raises(DevbenchError, match="the work that is timed failed"):
        in_a_process(0.01, 100_000)
    monkeypatch.setattr(resolution, "_TIME_LIMIT_S", 0.0)
    with pytest.raises(DevbenchError, match="not done after"):
        in_a_process(0.01, None)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """`doctor --resolution` in this process, on a made-up machine."""
    monkeypatch.setenv("DEVBENCH_CACHE", str(tmp_path / "cache"))
    quick = partial(measure_resolution, work=machine(0.01), cpus=())
    monkeypatch.setattr("devbench.cli.resolution.measure_resolution", quick)
    return lambda *arguments: run_app(["doctor", *arguments])


def test_doctor_gives_the_answer_first(quick: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert quick("--resolution") == 0
    first = capsys.readouterr().out.splitlines()
    assert first[0].startswith("A run here and now: ± ")
    assert first[1].startswith("Two runs show differences of ")
    assert "unknown another hour: unknown" in "\n".join(first)
    assert quick("--resolution", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert math.isclose(found["resolution"]["process_sd"], 0.01, rel_tol=0.5)
    assert found["checks"][-1]["name"] == "another hour"
    assert found["checks"][-1]["good"] is True  # the first look is known by now
    assert quick("--resolution", "--tune") == 2


def test_a_machine_that_is_too_busy_takes_no_longer_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "_TURNS_S", 0.0)
    turns = []
    noisy = machine(3.0)

    def work(seconds: float, cpu: int | None) -> np.ndarray:
        turns.append(seconds)
        return noisy(seconds, cpu)

    found = measure_resolution(UNKNOWN, Plan(turns=50), work, cpus=())
    assert len(turns) == 2 * 5 + 1
    assert answer(found).startswith("Nothing can be measured here and now")
    assert "over 100 %" in answer(found)
    monkeypatch.setattr(resolution, "_GIVE_UP_S", 0.0)
    with pytest.raises(DevbenchError, match="too busy to measure on"):
        measure_resolution(UNKNOWN, Plan(), work, cpus=())


def test_the_answer_has_the_three_figures() -> None:
    found = measure_resolution(UNKNOWN, Plan(turns=5, series_s=1), machine(0.02), cpus=())
    assert answer(found).count("%") == 4
