"""What `devbench --help` costs in CPU time, beside an empty Python and beside importing TensorFlow.

    uv run python benchmarks/start_up.py

Prints a Markdown table of medians of user + system time over 15 interleaved starts of each.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "devbench --help": ["-m", "devbench", "--help"],
    "devbench plugins": ["-m", "devbench", "plugins"],
    "import numpy": ["-c", "import numpy"],
}


def main() -> None:
    costs: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(15):
        for name, arguments in COMMANDS.items():
            costs[name].append(cpu_s(arguments))
    print("| command | CPU time, s |\n|---|--:|")
    for name, seconds in costs.items():
        print(f"| `{name}` | {statistics.median(seconds):.3f} |")


def cpu_s(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
