"""A night on several machines: a scheduler and workers as processes of their own, over TLS on the loopback."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devbench.lab import cluster
from tests.lab.conftest import LabBench

pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.timeout(300)]


@dataclass
class Dask:
    """A scheduler, and workers by their names. files: for TLS."""

    lab: LabBench
    port: int
    files: dict[str, Path]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def options(self) -> list[str]:
        return [word for name, path in self.files.items() for word in (f"--tls-{name}", str(path))]

    def start(self, name: str, *words: str) -> None:
        """Start `dask WORDS` with its log in a file."""
        with (self.lab.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, *self.options, "--no-dashboard"],
                cwd=self.lab.folder,
                env=self.lab.bench.env,
                stdout=log,
                stderr=log,
            )

    def worker(self, name: str, *places: str) -> None:
        """A worker that has these places."""
        resources = ",".join(f"board:{place}=1" for place in places)
        words = ("--no-nanny", "--nthreads", "4", "--resources", resources, "--name", name)
        self.start(name, "worker", f"tls://127.0.0.1:{self.port}", *words)

    def children(self, name: str) -> list[int]:
        """What a worker has started."""
        tasks = Path(f"/proc/{self.processes[name].pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]


@pytest.fixture
def dask(lab: LabBench) -> Iterator[Dask]:
    pytest.importorskip("distributed")
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl on this machine")
    key, cert = lab.folder / "key.pem", lab.folder / "cert.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab"]
    subprocess.run(["openssl", *words, "-keyout", key, "-out", cert], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Dask(lab, port, {"ca-file": cert, "cert": cert, "key": key})
    made.start("scheduler", "scheduler", "--host", "tls://127.0.0.1", "--port", str(port))
    yield made
    for process in made.processes.values():
        process.kill()
        process.wait()


def in_cluster(lab: LabBench, port: int) -> None:
    path = lab.folder / "lab.yaml"
    files = "ca: cert.pem, cert: cert.pem, key: key.pem"
    path.write_text(f"{path.read_text()}cluster: {{scheduler: 'tls://127.0.0.1:{port}', {files}}}\n")


def rounds_of(lab: LabBench) -> set[tuple[str, str, str]]:
    """Run folder, case and beginning of each round that is saved."""
    found = set()
    for path in lab.nights.glob("*/runs/*/run.json"):
        for case in json.loads(path.read_text())["cases"]:
            found |= {(path.parent.name, case["id"], one["started_utc"]) for one in case["rounds"]}
    return found


def test_a_worker_that_is_killed_loses_no_round_and_its_group_goes_on_elsewhere(lab: LabBench, dask: Dask) -> None:
    lab.remote("name: a, ssh: a", "name: b, ssh: b", models=("net", "other", "third"))
    for name in "ab":
        lab.board(name)
    in_cluster(lab, dask.port)
    workers = {"first": "ab", "second": "ab"}
    for name, places in workers.items():
        dask.worker(name, *places)
    night = lab.bench.start("lab", "run")
    busy: list[str] = []
    until = time.monotonic() + 120
    while not (busy and rounds_of(lab)):
        assert time.monotonic() < until, (lab.folder / "scheduler.log").read_text()
        assert night.poll() is None, night.communicate()
        busy = [name for name in workers if dask.children(name)]
        time.sleep(0.05)
    children = dask.children(busy[0])
    dask.processes[busy[0]].kill()
    dask.processes[busy[0]].wait()
    saved = rounds_of(lab)
    out, err = night.communicate(timeout=200)
    assert night.returncode == 0, f"{out}\n{err}"
    assert not any(Path(f"/proc/{pid}/task").is_dir() for pid in children)  # nobody measures beside the next one
    assert saved <= rounds_of(lab)
    assert {name: one["measured"] for name, one in lab.places().items()} == {"a": 3, "b": 3}


@pytest.mark.thorough
def test_jobs_end_with_the_night_that_was_killed_and_the_next_one_goes_on_with_their_runs(
    lab: LabBench, dask: Dask
) -> None:
    lab.remote("name: a, ssh: a", "name: b, ssh: b", models=("net", "other"))
    suite = lab.folder / "suite.yaml"
    suite.write_text(suite.read_text().replace("min_runs: 5", "min_runs: 250"))  # 0.5 s
    for name in "ab":
        lab.board(name)
    in_cluster(lab, dask.port)
    dask.worker("first", "a", "b")
    dask.worker("second", "a", "b")
    night = lab.bench.start("lab", "run")
    until = time.monotonic() + 120
    while not rounds_of(lab):
        assert time.monotonic() < until, (lab.folder / "scheduler.log").read_text()
        assert night.poll() is None, night.communicate()
        time.sleep(0.05)
    saved = rounds_of(lab)
    night.kill()
    night.communicate()
    until = time.monotonic() + 30
    while dask.children("first") or dask.children("second"):
        assert time.monotonic() < until, "nobody waits for these jobs any more"
        time.sleep(0.05)
    found = lab.night()
    assert {one["place"]: one["measured"] for one in found["places"]} == {"a": 2, "b": 2}
    assert saved <= rounds_of(lab)


def test_places_that_no_worker_has_are_said(lab: LabBench, dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WORKER_WITHIN_S", 1.0)
    lab.remote("name: a, ssh: a")
    lab.board("a")
    in_cluster(lab, dask.port)
    dask.worker("first", "other")
    until = time.monotonic() + 60
    while "Registered" not in (lab.folder / "first.log").read_text():
        assert time.monotonic() < until
        time.sleep(0.1)
    night: dict[str, Any] = lab.night(status=1)
    assert "no worker of the cluster has board:a" in " ".join(night["problems"])


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        ("scheduler: 'tcp://10.0.0.5:8786'", "is neither tls:// nor on the loopback"),
        ("scheduler: 'tcp://localhost.example:8786'", "is neither tls:// nor on the loopback"),
        ("scheduler: 'tls://10.0.0.5:8786'", "needs ca, cert and key"),
        ("scheduler: '10.0.0.5:8786'", "is not the address of a scheduler"),
        ("scheduler: 'tls://10.0.0.5:x'", "is not the address of a scheduler"),
    ],
)
def test_a_scheduler_that_anybody_could_reach_is_refused(lab: LabBench, entry: str, mistake: str) -> None:
    lab.sim("a")
    path = lab.folder / "lab.yaml"
    path.write_text(f"{path.read_text()}cluster: {{{entry}}}\n")
    done = lab.bench("lab", "status")
    assert done.returncode == 1
    assert mistake in done.stderr
    assert "lab.yaml" in done.stderr


def test_a_scheduler_that_is_not_there_is_said(lab: LabBench, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECTS_WITHIN_S", 1)
    lab.sim("a")
    path = lab.folder / "lab.yaml"
    path.write_text(f"{path.read_text()}cluster: {{scheduler: 'tcp://127.0.0.1:9'}}\n")
    done = lab.bench("lab", "run")
    assert done.returncode == 1
    assert "cluster: tcp://127.0.0.1:9 does not answer" in done.stderr
