"""What every test has: the real command line, a cache and a folder of its own, and an end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from devbench.domain.conditions import Verdict
from devbench.domain.outcome import Measured
from devbench.run import pairing
from devbench.store.folder import RunFolder
from tests.board import Board
from tests.in_process import call

QUICK = "{profile: quick, rounds: 2, max_rounds: 2, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 0, cap_s: 15, time_limit_s: 20}"


def pytest_configure(config: pytest.Config) -> None:
    """Make the processes that tests start what they are to be, whatever this one was started with."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup, or in the background of a script
            signal.signal(number, _nothing)  # which is as good as ignored here, and the default in what is started
    if sys.dont_write_bytecode and config.cache:  # each of a thousand processes would compile every module again
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process is left with it at the end, and is for `.ci/run` alone.

    The test command of the README must be quick enough to be typed often.
    """
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("thorough", "xdist_group"))))
    if os.environ.get("DEVBENCH_TEST_THOROUGH"):
        return
    for item in items:
        if item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.skip(reason="takes long: `.ci/run` sets DEVBENCH_TEST_THOROUGH"))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for each core, for half of them wait at any time; none of its own for a test that is named."""
    named = config.args and all("::" in one for one in config.args)
    return 0 if named else 2 * len(os.sched_getaffinity(0))


def _nothing(_number: int, _frame: object) -> None:
    """Be no SIG_IGN: that would be inherited."""


@dataclass
class Bench:
    """Runs `devbench` as a user would, in `folder`."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(
        self, *arguments: object, env: Mapping[str, str] | None = None, process: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run `devbench ARGUMENTS` to its end: in this process, or in one of its own, where that is what is tested."""
        if not process:
            return call([*map(str, arguments)], self.folder, {**self.env, **(env or {})})
        return subprocess.run(
            [sys.executable, "-m", "devbench", *map(str, arguments)],
            cwd=self.folder,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start `devbench ARGUMENTS` in a process of its own and return at once."""
        process = subprocess.Popen(
            [sys.executable, "-m", "devbench", *map(str, arguments)],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """End what was started and still runs: the test has failed."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                process.communicate()

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def plugin(self, name: str, source: str = "", *, module: str = "") -> None:
        """Install a third-party distribution that brings the plugin `name`: an entry point, found as any other."""
        site = self.folder / "site"
        (site / f"{name}-1.0.dist-info").mkdir(parents=True, exist_ok=True)
        (site / f"{name}-1.0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        entry = f"[devbench]\n{name} = {module or 'plugin_' + name}\n"
        (site / f"{name}-1.0.dist-info" / "entry_points.txt").write_text(entry)
        if source:
            (site / f"plugin_{name}.py").write_text(source)
        self.env["PYTHONPATH"] = str(site)

    def fake(self, name: str, **plan: object) -> Path:
        """Write a `.fake` artifact: how long an inference takes, and what goes wrong when."""
        return self.write(f"{name}.fake", json.dumps(plan))

    def fake_suite(self, *models: str, measure: str = QUICK, extra: str = "") -> Path:
        """A suite over `.fake` artifacts of these names on the fake device."""
        listed = "".join(f"  - {{name: {name}, source: {name}.fake}}\n" for name in models)
        return self.write("suite.yaml", f"name: fakes\nmodels:\n{listed}devices: [fake]\nmeasure: {measure}\n{extra}\n")

    def run_file(self, out: str = "out") -> dict[str, Any]:
        """What run.json in the folder `out` says."""
        found: dict[str, Any] = json.loads((self.folder / out / "run.json").read_text())
        return found

    def outcomes(self, out: str = "out") -> dict[str, dict[str, Any]]:
        """The outcome of each model of the run in `out`."""
        return {case["model"]: case["outcome"] for case in self.run_file(out)["cases"]}


@contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    """The command line in `folder`, with the fake device's plugin installed beside the bundled ones."""
    # A page takes as long as such a run: tests of it ask for it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DEVBENCH_")}
    made = Bench(folder, {**inherited, "DEVBENCH_CACHE": str(folder / "cache"), "COLUMNS": "200", "DEVBENCH_PAGE": "0"})
    made.plugin("fake", module="devbench.testing.fake")
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The command line in a folder of the test's own."""
    with bench_in(tmp_path) as made:
        yield made


def made_quiet(path: Path) -> None:
    """Forget what disturbed the run in `path`: a busy machine must not decide a test of what runs say."""
    with RunFolder(path) as folder:
        run = folder.load()
        for case in run.cases:
            rounds = tuple(replace(one, conditions=None, reasons=()) for one in case.rounds)
            outcome = case.outcome
            if isinstance(outcome, Measured):
                outcome = replace(outcome, verdict=Verdict())
            run = run.with_case(replace(case, rounds=rounds, outcome=outcome))
        folder.save(run)


@pytest.fixture
def quick_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old and new in turns, in this process, with the fewest inferences and no loop that is filled up by time."""
    usual = pairing.short_rounds
    monkeypatch.setattr(pairing, "short_rounds", lambda measure: replace(usual(measure), warmup_s=0.0, min_s=0.0))


@pytest.fixture
def google_models() -> Path:
    """Real models by Google, where somebody has them."""
    folder = os.environ.get("DEVBENCH_TEST_MODELS")
    if not folder:
        pytest.skip("DEVBENCH_TEST_MODELS names no folder with Google's models")
    return Path(folder)


@pytest.fixture(scope="session")
def interpreters() -> Callable[[str], str]:
    """Finds a real CPython of a version, or skips the test."""

    def find(version: str) -> str:
        pyenv = Path.home() / ".pyenv" / "versions"
        for candidate in sorted(pyenv.glob(f"{version}.*/bin/python")):
            return str(candidate)
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if (Path(folder) / f"python{version}").exists() and "shims" not in folder:
                return str(Path(folder) / f"python{version}")
        pytest.skip(f"there is no Python {version} on this machine")

    return find


@pytest.fixture
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board that is reached over ssh and lets us in."""
    made = Board(tmp_path_factory.mktemp("board"))
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _no_orphans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves a worker behind."""
    ours = os.fsencode(tmp_path_factory.getbasetemp())
    yield
    deadline = time.monotonic() + 5  # one whose host was killed just now needs a moment to notice
    while (left := _workers(ours)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def _workers(ours: bytes) -> list[str]:
    """Command lines of workers that these tests have started, in their temporary folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes()
        except OSError:
            continue
        if b"devbench-worker-" in command and ours in command:
            found.append(f"{process.parent.name}: {command!r}")
    return found
