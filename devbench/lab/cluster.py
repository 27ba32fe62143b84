"""The runs of a night on several machines: each is a job of `distributed`, on a worker that has its places.

The folder of the laboratory is the same on all machines. A worker that is gone loses no round: its job goes to another
one that has the same places, and continues the run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devbench.clock import utc_now
from devbench.domain.install import extra_hint
from devbench.domain.lab import Cluster, PlaceKey
from devbench.domain.run import Request, Run
from devbench.errors import DevbenchError, NothingMeasuredError
from devbench.places.interrupt import check_interrupt
from devbench.store.folder import RunFolder

if TYPE_CHECKING:
    from distributed import Client

JOB_MODULE = "devbench.cli.lab_there"
CONNECTS_WITHIN_S = 20
_LOOKS_EVERY_S = 0.5
WORKER_WITHIN_S = 60.0


def resource_of(key: PlaceKey) -> str:
    """What a worker is started with for a place: `--resources "coral-usb:desk=1"`."""
    return ":".join(key).replace("=", "-").replace(",", "-").replace(" ", "-")


@dataclass
class Machines:
    """Measures on the machines of one cluster. lab: its lab.yaml."""

    client: Client
    lab: Path

    def measure(self, request: Request, name: str, folder: Path, group: str, left_s: float) -> Run:
        """The run of `request` in `folder`, on a worker that has all of its places. Raises a `DevbenchError`."""
        from distributed import KilledWorker

        wanted = {resource_of(key): 1 for key in request.places}
        self._expect(wanted)
        until = (utc_now() + timedelta(seconds=left_s)).isoformat() if isfinite(left_s) else ""
        task = {
            "lab": str(self.lab),
            "request": asdict(request),
            "name": name,
            "folder": str(folder),
            "group": group,
            "until_utc": until,
        }
        future = self.client.submit(
            measure_there, task, resources=wanted, pure=False, key=f"{folder.name}-{os.getpid()}"
        )
        try:
            while True:
                try:
                    answer = future.result(timeout=_LOOKS_EVERY_S)
                    break
                except TimeoutError:
                    check_interrupt()
        except KilledWorker as error:
            raise DevbenchError(
                f"{group}: the workers that measured it were lost, one after the other: {error}",
                "See the logs of the dask workers.",
            ) from error
        finally:
            future.release()  # type: ignore[no-untyped-call, unused-ignore]
        return _result(answer, folder)

    def _expect(self, wanted: dict[str, int]) -> None:
        """Wait a little for a worker that has these places, which may just be starting.

        Without one, the job would wait for ever. Raises a `DevbenchError`.
        """
        until = time.monotonic() + WORKER_WITHIN_S
        while not self._somebody_has(wanted):
            if time.monotonic() >= until:
                offered = ",".join(f"{one}=1" for one in wanted)
                raise DevbenchError(
                    f"no worker of the cluster has {' and '.join(wanted)}",
                    f'Start one where these places can be reached: dask worker ... --resources "{offered}"',
                )
            check_interrupt()
            time.sleep(_LOOKS_EVERY_S)

    def _somebody_has(self, wanted: dict[str, int]) -> bool:
        workers: dict[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        return any(set(wanted) <= set(one["resources"]) for one in workers.values())


@contextmanager
def connected(cluster: Cluster, lab: Path) -> Iterator[Machines]:
    """Connected to the scheduler while the block runs. What is still measured elsewhere then ends too."""
    try:
        from distributed import Client
        from distributed.security import Security
    except ImportError as error:
        raise DevbenchError(f"{lab}: cluster: distributed is not installed", extra_hint("cluster")) from error

    security = None
    if cluster.ca:
        files = {f"tls_client_{name}": str(one) for name, one in (("cert", cluster.cert), ("key", cluster.key))}
        security = Security(  # type: ignore[no-untyped-call, unused-ignore]
            tls_ca_file=str(cluster.ca), require_encryption=True, **files
        )
    try:
        client = Client(  # type: ignore[no-untyped-call, unused-ignore]
            cluster.scheduler, security=security, timeout=CONNECTS_WITHIN_S, set_as_default=False
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise DevbenchError(
            f"{lab}: cluster: {cluster.scheduler} does not answer: {' '.join(str(error).split())}",
            "Start it: dask scheduler (docs/lab.md).",
        ) from error
    try:
        yield Machines(client=client, lab=lab)
    finally:
        client.close(timeout=5)  # type: ignore[no-untyped-call, unused-ignore]


def measure_there(task: dict[str, Any]) -> str:
    """The job, on the worker: a process of its own, which ends with this one. What it says at its end, as JSON.

    It ends too when nobody waits for it any more: the night was ended, and the one that goes on measures there itself.
    """
    is_wanted = _wanted()
    process = subprocess.Popen(
        [sys.executable, "-m", JOB_MODULE, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(json.dumps(task).encode())
    process.stdin = None
    while True:
        try:
            said, _ = process.communicate(timeout=_LOOKS_EVERY_S)
            break
        except subprocess.TimeoutExpired:
            if not is_wanted():
                process.kill()  # all that it has measured is saved
    text = said.decode(errors="replace").strip().rpartition("\n")[2]
    return text or json.dumps({"error": f"the process ended with status {process.returncode} and said nothing"})


def _wanted() -> Callable[[], bool]:
    """Says whether the night still waits for the job of this thread. A worker cannot end a job by itself."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state not in ("cancelled", "resumed", "released", "forgotten")

    return is_wanted


def _result(answer: str, folder: Path) -> Run:
    try:
        found = json.loads(answer)
        error, hint, nothing = (found.get(name, "") for name in ("error", "hint", "nothing"))
    except (ValueError, AttributeError):
        error, hint, nothing = f"the worker's answer is not JSON: {answer[:200]}", "", ""
    if nothing:
        raise NothingMeasuredError(str(nothing))
    if error:
        raise DevbenchError(str(error), str(hint))
    return RunFolder(folder).load()
