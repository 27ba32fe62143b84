"""A real coordinator and exporter of labgrid on the loopback, and what a user types."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devbench.lab.labgrid_client import Client


@dataclass
class Lab:
    """A coordinator, an exporter and a relay; what a user types as anna."""

    programs: Path
    folder: Path
    port: int
    switched: list[str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def client(self) -> Client:
        return Client(program=str(self.programs / "labgrid-client"), coordinator=self.address, patience_s=20)

    def ask(self, *words: str, user: str = "anna") -> subprocess.CompletedProcess[str]:
        """What labgrid-client says to this user."""
        return subprocess.run(
            [self.client.program, *words],
            env={**os.environ, "LG_COORDINATOR": self.address, "LG_HOSTNAME": "desk", "LG_USERNAME": user},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def holder(self, place: str = "attic") -> str:
        """Who has the place."""
        return self.holders()[place]

    def holders(self) -> dict[str, str]:
        """Who has each place, as of one moment: asking takes most of a second."""
        _, *listed = self.ask("--verbose", "places").stdout.split("Place '")
        return {one.split("'")[0]: one.split("  acquired: ")[1].split("\n")[0] for one in listed}

    def start(self, name: str) -> None:
        """Start the coordinator or the exporter, and wait until it can be used."""
        words = {"coordinator": ["-l", self.address], "exporter": ["-c", self.address, "-n", "lab1", "exporter.yaml"]}
        self.processes[name] = subprocess.Popen(
            [self.programs / f"labgrid-{name}", *words[name]],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            done = self.ask("resources")
            if done.returncode == 0 and (name == "coordinator" or "lab1/attic" in done.stdout):
                return
            time.sleep(0.2)
        raise AssertionError(f"labgrid-{name} did not start")

    def end(self, name: str) -> None:
        """Kill it."""
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def restart(self) -> None:
        """Restart the coordinator; the exporter ends by itself, and its unit starts it again."""
        self.end("coordinator")
        self.end("exporter")
        self.start("coordinator")
        self.start("exporter")


@contextmanager
def started(folder: Path) -> Iterator[Lab]:
    """Places attic and loft; attic has a relay. Skips the test where labgrid is not there."""
    programs = os.environ.get("DEVBENCH_TEST_LABGRID", "")
    if not shutil.which("labgrid-client", path=programs):
        pytest.skip("DEVBENCH_TEST_LABGRID names no folder with labgrid-client")
    switched: list[str] = []

    class Relay(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            switched.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=relay.serve_forever, daemon=True).start()
    port = f"NetworkPowerPort: {{model: simplerest, host: 'http://127.0.0.1:{relay.server_port}/{{index}}/{{value}}', index: 1}}"
    service = "NetworkService: {address: 127.0.0.1, username: root}"
    (folder / "exporter.yaml").write_text(f"attic:\n  {port}\n  {service}\nloft:\n  {service}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    made = Lab(Path(programs), folder, number, switched)
    try:
        made.start("coordinator")
        made.start("exporter")
        for place in ("attic", "loft"):
            assert made.ask("-p", place, "create").returncode == 0
            assert made.ask("-p", place, "add-match", f"lab1/{place}/*").returncode == 0
        yield made
    finally:
        for process in made.processes.values():
            process.kill()
            process.wait()
        relay.shutdown()
        relay.server_close()
