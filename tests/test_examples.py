"""The examples of the documentation are distributions: each is installed, its tests pass, and a run uses it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from tests.conftest import Bench
from tests.installed import installed

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "devbench-serial-watts"


def test_the_power_meter_on_a_serial_line_gives_a_run_its_energy(bench: Bench) -> None:
    site = bench.folder / "site"
    env = installed(EXAMPLE, site, bench.env)
    far, near = os.openpty()
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.02):
            os.write(far, b"5.0 W\n")

    sending = threading.Thread(target=send)
    sending.start()
    bench.fake("a", invoke_us=100_000)
    measure = "{profile: quick, rounds: 1, max_rounds: 1, warmup_runs: 1, warmup_s: 0, min_runs: 8, min_s: 0}"
    env |= {"DEVBENCH_SERIAL_WATTS": os.ttyname(near), "DEVBENCH_PLUGINS": "fake,serial-watts"}
    done = bench("run", bench.fake_suite("a", measure=measure), "--out", "out", env=env)
    over.set()
    sending.join()
    assert done.returncode == 0, done.stderr
    (about,) = bench.run_file()["cases"][0]["rounds"]
    assert about["facts"]["energy_meter"] == "serial-watts"
    assert abs(about["energy_mj"]) < 1e-6
