"""Reads power rails at a slow, even pace, as a process beside the measured one. Python 3.6, standard library only.

    python3 meter.py SOURCE[,SOURCE...] [ROOT]

Says `ready`, keeps what it reads, notes the time of every line that it is sent, and gives all of it as JSON when its
input ends. It keeps its own time, which is that of the worker on the same machine.
"""

import glob
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

INTERVAL_S = 0.05  # 20 a second; an INA3221 does not renew its averages more often
_TOTALS = ("POM_5V_IN", "VDD_IN")  # what the whole module takes; where there is neither, all rails are added up
_SUM_CHANNEL = 7  # of the later driver: the sum of the chip's other channels
# `VDD_IN 5113mW/5113mW`, on older releases `POM_5V_IN 933/933`; not `RAM 330/3964MB`.
_RAIL = re.compile(r"\b([A-Z]\w*) (\d+)(?:mW)?/\d+(?:mW)?(?![\dkMG])")

Reader = Callable[[], float]


class Source:
    """Something to read: power in watts, or where it `counts` the joules since it was opened.

    read: gives the value; raises OSError or ValueError where there is none this time.
    descriptor: of a program that tells when there is something to read; None for what is read at an even pace.
    """

    descriptor: Optional[int] = None
    counts = False

    def __init__(self, name: str, parts: List[str], read: Reader) -> None:
        self.name, self.parts, self.read = name, parts, read

    def close(self) -> None:
        """Nothing is left open."""


class Program(Source):
    """`tegrastats`, which prints a line at every interval."""

    def __init__(self, program: str) -> None:
        super().__init__("tegrastats", [], self._value)
        command = [program, "--interval", str(int(INTERVAL_S * 1e3))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self._process.stdout
        self.descriptor = self._process.stdout.fileno()
        self._begun = b""

    def _value(self) -> float:
        assert self.descriptor is not None
        data = os.read(self.descriptor, 1 << 16)
        if not data:
            self.descriptor = None  # it has ended; from here on it is a source that cannot be read
            raise ValueError("tegrastats has ended")
        *lines, self._begun = (self._begun + data).split(b"\n")
        if not lines:
            raise ValueError("not a whole line yet")
        self.parts, watts = watts_of(lines[-1].decode(errors="replace"))
        return watts

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def find(root: str, names: List[str]) -> Optional[Source]:
    """The first of these sources that can be read now."""
    for name in names:
        try:
            source = SOURCES[name](root)
            if source and (source.descriptor is not None or source.read() >= 0):
                return source
        except (OSError, ValueError):
            continue
    return None


def is_there(root: str, names: List[str]) -> bool:
    """Whether one of these sources can be read now."""
    source = find(root, names)
    if source is not None:
        source.close()
    return source is not None


def _ina3221(root: str) -> Optional[Source]:
    """The monitors that NVIDIA's boards have on I2C, in the layout of JetPack 4 or of 5 and later."""
    rails: Dict[str, Reader] = {}
    for name in sorted(glob.glob(os.path.join(root, "sys/bus/i2c/devices/*/name"))):
        if "ina3221" in _text(name):
            folder = os.path.dirname(name)
            rails.update(_hwmon_rails(folder))
            rails.update(_iio_rails(folder))
    wanted = [name for name in _TOTALS if name in rails][:1] or sorted(rails)
    if not wanted or not all(_readable(rails[name]) for name in wanted):  # a sum without one of them is wrong
        return None
    return Source("ina3221", wanted, lambda: sum(rails[name]() for name in wanted))


def _hwmon_rails(folder: str) -> Dict[str, Reader]:
    found = {}
    for label in sorted(glob.glob(os.path.join(folder, "hwmon/hwmon*/in*_label"))):
        channel = os.path.basename(label)[2 : -len("_label")]
        name = _text(label)
        if name and name != "NC" and channel != str(_SUM_CHANNEL):
            start = os.path.dirname(label)
            found[name] = _product(
                os.path.join(start, "in{}_input".format(channel)), os.path.join(start, "curr{}_input".format(channel))
            )
    return found


def _iio_rails(folder: str) -> Dict[str, Reader]:
    found = {}
    for label in sorted(glob.glob(os.path.join(folder, "iio:device*/rail_name_*"))):
        channel = label.rpartition("_")[2]
        name = _text(label)
        if name and name != "NC":
            power = os.path.join(os.path.dirname(label), "in_power{}_input".format(channel))
            found[name] = _milliwatts(power)
    return found


def _product(millivolts: str, milliamperes: str) -> Reader:
    return lambda: _number(millivolts) * _number(milliamperes) / 1e6


def _milliwatts(file: str) -> Reader:
    return lambda: _number(file) / 1e3


def _rapl(root: str) -> Optional[Source]:
    """The energy counters of the processor's packages; not those of their parts, and none of the board."""
    packages = []
    for folder in sorted(glob.glob(os.path.join(root, "sys/class/powercap/intel-rapl:*"))):
        name = _text(os.path.join(folder, "name"))
        if name.startswith("package"):
            packages.append((name, _Counter(folder)))
    if not packages:
        return None
    source = Source("rapl", [name for name, _ in packages], lambda: sum(one() for _, one in packages))
    source.counts = True
    return source


class _Counter:
    """Joules since it was made, of a counter of microjoules that starts again at its end."""

    def __init__(self, folder: str) -> None:
        self._file = os.path.join(folder, "energy_uj")
        self._range = _number(os.path.join(folder, "max_energy_range_uj"))
        self._last = _number(self._file)
        self._sum = 0.0

    def __call__(self) -> float:
        now = _number(self._file)
        self._sum += now - self._last if now >= self._last else now - self._last + self._range
        self._last = now
        return self._sum / 1e6


def _tegrastats(_root: str) -> Optional[Source]:
    program = shutil.which("tegrastats")
    return Program(program) if program else None


def watts_of(line: str) -> Tuple[List[str], float]:
    """The rails that a line of tegrastats tells of, as in the sum, and their watts; a ValueError if it has none."""
    rails = {name: int(now) / 1e3 for name, now in _RAIL.findall(line)}
    wanted = [name for name in _TOTALS if name in rails][:1] or sorted(rails)
    if not wanted:
        raise ValueError("no rail in it")
    return wanted, sum(rails[name] for name in wanted)


SOURCES = {"ina3221": _ina3221, "rapl": _rapl, "tegrastats": _tegrastats}


def watch(source: Source) -> Dict[str, Any]:
    """Read until the input ends; a dict: source, parts, counts, marks in seconds, readings of seconds and value."""
    readings: List[Tuple[float, float]] = []
    marks: List[float] = []
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    due_s = time.perf_counter()
    while True:
        inputs = [0] if source.descriptor is None else [0, source.descriptor]
        wait_s = max(0.0, due_s - time.perf_counter()) if source.descriptor is None else None
        ready = select.select(inputs, [], [], wait_s)[0]
        if 0 in ready:
            if not os.read(0, 4096):
                break
            marks.append(time.perf_counter())
        else:
            due_s = max(due_s + INTERVAL_S, time.perf_counter())
            try:
                readings.append((time.perf_counter(), source.read()))
            except (OSError, ValueError):
                continue
    source.close()
    return {
        "source": source.name,
        "parts": source.parts,
        "counts": source.counts,
        "marks": marks,
        "readings": readings,
    }


def _readable(read: Reader) -> bool:
    try:
        read()
    except (OSError, ValueError):
        return False
    return True


def _text(file: str) -> str:
    try:
        with open(file, errors="replace") as opened:
            return opened.read().strip().strip("\0")
    except OSError:
        return ""


def _number(file: str) -> float:
    with open(file) as opened:
        return float(opened.read())


def main() -> int:
    """Exit status 1 where there is nothing to read."""
    root = "".join(sys.argv[2:]) or os.environ.get("DEVBENCH_ROOT", "/")
    source = find(root, sys.argv[1].split(","))
    if source is None:
        return 1
    json.dump(watch(source), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
