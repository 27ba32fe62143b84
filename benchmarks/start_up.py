"""What starting devbench costs in CPU time, command by command, beside an empty Python and beside importing numpy.

    uv run python benchmarks/start_up.py
    uv run python benchmarks/start_up.py --before ../earlier/.venv/bin/python
    uv run python benchmarks/start_up.py --plugins 10

Prints a Markdown table of medians of user + system time over 15 interleaved starts of each, with that of the workers
and plugins that a command starts. --before: also of the devbench that another Python has. --plugins: with so many small
plugins of others installed, each in a distribution of its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PUBLISHED = Path(__file__).parents[1] / "results" / "published" / "coral-faq-2019.csv"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "devbench --help": ["-m", "devbench", "--help"],
    "devbench plugins": ["-m", "devbench", "plugins"],
    "devbench models": ["-m", "devbench", "models"],
    "devbench report FILE.csv": ["-m", "devbench", "report", str(PUBLISHED)],
    "devbench devices": ["-m", "devbench", "devices"],
    "devbench doctor": ["-m", "devbench", "doctor"],
}
PLUGIN = """
from devbench import Absent, Device, hookimpl

class Toy(Device):
    kind = "{name}"
    runtimes = ("litert",)
    def discover(self):
        return [Absent(device=self.kind, reason="not here")]

@hookimpl
def devbench_devices():
    return [Toy]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--before", help="the Python of another environment, with another devbench")
    parser.add_argument("--plugins", type=int, default=0, help="how many plugins of others are installed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as site:
        for number in range(arguments.plugins):
            install(Path(site), f"toy{number}")
        os.environ["PYTHONPATH"] = site
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    pythons = {"before": arguments.before} if arguments.before else {}
    pythons["now" if arguments.before else "CPU time"] = sys.executable
    costs: dict[tuple[str, str], list[float]] = {(name, title): [] for name in COMMANDS for title in pythons}
    if arguments.starts > 1:
        for name, title in costs:  # these compile, and fill the caches
            cpu_s([pythons[title], *COMMANDS[name]])
    for _ in range(arguments.starts):
        for (name, title), found in costs.items():
            found.append(cpu_s([pythons[title], *COMMANDS[name]]))
    print("".join(["| command |", *(f" {title}, s |" for title in pythons)]))
    print("|---|" + "--:|" * len(pythons))
    for name in COMMANDS:
        cells = [f" {statistics.median(costs[name, title]):.3f} |" for title in pythons]
        print(f"| `{name}` |" + "".join(cells))


def install(site: Path, name: str) -> None:
    described = site / f"{name}-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(f"[devbench]\n{name} = plugin_{name}\n")
    (site / f"plugin_{name}.py").write_text(PLUGIN.format(name=name))


def cpu_s(command: list[str]) -> float:
    compiled_once = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=compiled_once, cwd="/")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
