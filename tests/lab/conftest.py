"""A laboratory of simulated boards: a plugin whose rounds are made up, or a stand-in for ssh with real workers behind it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lab.simulated import SIM, install, install_ssh, write_lab
from tests.conftest import Bench
from tests.lab.real_labgrid import Lab, started


@dataclass
class LabBench:
    """The command line in a folder with a laboratory. `boards`: one folder each, behind the stand-in for ssh."""

    bench: Bench

    @property
    def folder(self) -> Path:
        return self.bench.folder

    @property
    def boards(self) -> Path:
        return self.folder / "boards"

    @property
    def nights(self) -> Path:
        return self.folder / "nights"

    def sim(self, *names: str, nights: str = "", models: tuple[str, ...] = ("net",)) -> None:
        """Simulated boards of these names, and what their nights do besides the suite and the gold case."""
        self.bench.env |= {"DEVBENCH_PLUGIN_PROCESSES": "0", "PYTHONPATH": str(self.folder / "site")}
        install(self.folder / "site", "sim", SIM)
        write_lab(
            self.folder,
            [f"name: {name}, device: sim" for name in names],
            "sim",
            nights=nights,
            models=models,
            gold=True,
        )
        self.does()

    def does(self, **boards: dict[str, Any]) -> None:
        """What each board does from now on; those that are not named are well."""
        self.bench.write("sim.json", json.dumps(boards))

    def remote(self, *places: str, nights: str = "", models: tuple[str, ...] = ("net",), gold: bool = False) -> None:
        """Boards behind the stand-in for ssh, as entries of lab.yaml without device and interpreter."""
        self.bench.env |= {"PATH": install_ssh(self.folder), "PYTHONPATH": str(self.folder / "site")}
        entries = [f"device: board, python: {sys.executable}, {place}" for place in places]
        write_lab(self.folder, entries, "board", nights=nights, models=models, gold=gold)

    def board(self, name: str, **files: str) -> Path:
        """The folder of a board, with these files in it."""
        path = self.boards / name
        path.mkdir(parents=True, exist_ok=True)
        for file, text in {"boot": f"{name}-1\n", **files}.items():
            (path / file).write_text(text)
        return path

    def night(self, *arguments: str, now: str = "", status: int | None = 0) -> dict[str, Any]:
        """One night; its record."""
        env = {"DEVBENCH_NOW": now} if now else {}
        done = self.bench("lab", "run", *arguments, env=env)
        assert "Traceback" not in done.stderr, done.stderr
        assert status is None or done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return self.newest()

    def newest(self) -> dict[str, Any]:
        """The record of the newest night."""
        path = max(self.nights.glob("*/night.json"), key=lambda one: one.parent.name)
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def places(self) -> dict[str, dict[str, Any]]:
        """What the newest night has of each place, by its name."""
        return {one["place"]: one for one in self.newest()["places"]}

    def health(self) -> list[tuple[str, str, str]]:
        """Place, health before and after of each line of the log."""
        lines = (self.nights / "health.jsonl").read_text().splitlines()
        return [(one["place"], one["before"], one["after"]) for one in map(json.loads, lines)]


@pytest.fixture(scope="module")
def labgrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """People's lab: the tests of a module share it."""
    with started(tmp_path_factory.mktemp("labgrid")) as made:
        yield made


@pytest.fixture
def lab(bench: Bench) -> LabBench:
    """A laboratory in an empty folder."""
    return LabBench(bench)
