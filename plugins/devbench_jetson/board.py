"""What a Jetson says of itself. Python 3.6 and its standard library: run on the board, it prints JSON.

    python3 board.py [facts | settings | heat]

Where each thing stands was read in NVIDIA's documents and in programs by others; untested on a real board.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any, Dict, List, Optional, Tuple

_CPUS = "sys/devices/system/cpu"
# By the chip that the device tree names: its short name, and the boards that carry it.
_CHIPS = {
    "tegra210": "Nano or TX1",
    "tegra186": "TX2",
    "tegra194": "Xavier",
    "tegra234": "Orin",
    "tegra264": "Thor",
}
_JETPACKS = {
    "39.2.0": "7.2",
    "38.4.0": "7.1",
    "36.5.0": "6.2.2",
    "36.4.7": "6.2.1",
    "36.4.3": "6.2",
    "36.4.0": "6.1",
    "36.3.0": "6.0",
    "35.6.4": "5.1.6",
    "35.4.1": "5.1.2",
    "35.3.1": "5.1.1",
    "35.2.1": "5.1",
    "35.1.0": "5.0.2",
    "32.6.1": "4.6",
}
_PROGRAM_LIMIT_S = 20
_MORE_PATH = ":/usr/sbin:/sbin"  # where nvpmodel is; a login over ssh may have neither


def tree() -> str:
    """Where `etc`, `proc` and `sys` are; tests have trees of their own."""
    return os.environ.get("DEVBENCH_ROOT", "/")


def facts(root: str = "/") -> Dict[str, str]:
    """All that goes into a round; `board_unknown` says so where this is not a Jetson."""
    found = identity(root)
    if not found:
        text = "not a Jetson: neither /etc/nv_tegra_release nor a device tree names one of its chips"
        found = {"board_unknown": text}
    return dict(found, **state(root))


def settings(_root: str = "/") -> Dict[str, Any]:
    """What has to be known to set the board otherwise."""
    _, said = run(["nvpmodel", "-q"])
    return {
        "superuser": os.geteuid() == 0,
        "power_mode": mode_in(said),
        "power_modes": power_modes(),
        "nvpmodel_says": " ".join(said.split())[:200],
    }


def heat(root: str = "/") -> Dict[str, Optional[float]]:
    """The hottest sensor, degrees Celsius; None where there is none."""
    return {"hottest_c": max(temperatures_c(root).values(), default=None)}


def identity(root: str = "/") -> Dict[str, str]:
    """Which board it is, with which software; empty if it is not a Jetson."""
    release = re.search(r"R(\d+) \(release\), REVISION: (\d+(?:\.\d+)*)", _text(root, "etc/nv_tegra_release"))
    compatible = _text(root, "proc/device-tree/compatible").replace("\0", " ")
    chip = next((name for name in _CHIPS if "nvidia," + name in compatible), "")
    if not release and not chip:
        return {}
    found = {}
    board = _text(root, "proc/device-tree/model").strip("\0")
    if board or chip:
        found["board"] = board or "Jetson with " + chip
    if chip:
        found["accelerator"] = "{} ({})".format(chip, _CHIPS[chip])
    if release:
        l4t = "{}.{}".format(*release.groups())
        found["l4t"] = l4t
        jetpack = _jetpack(l4t)
        if jetpack:
            found["jetpack"] = jetpack
    return found


def _jetpack(l4t: str) -> str:
    """The JetPack that has this L4T release; "" where that is not known."""
    last = re.match(r"32\.7\.(\d)$", l4t)
    return "4.6." + last.group(1) if last else _JETPACKS.get(l4t, "")


def state(root: str = "/") -> Dict[str, str]:
    """Power mode, clocks, temperatures and throttling as they are now; what cannot be read is left out."""
    found = {}
    mode = power_mode()
    if mode:
        found["power_mode"] = "{} ({})".format(*mode)
    for name, value in (
        ("clocks_pinned", {True: "yes", False: "no"}.get(clocks_pinned(root))),  # type: ignore[arg-type]
        ("gpu_mhz", gpu_mhz(root)),
        ("cpu_mhz", cpu_mhz(root)),
        ("temperatures_c", " ".join("{}={:.1f}".format(*one) for one in sorted(temperatures_c(root).items()))),
        ("throttling", ", ".join(cooling(root))),
        ("overcurrent_events", overcurrent_events(root)),
        ("fan", fan(root)),
    ):
        if value not in ("", None):
            found[name] = str(value)
    return found


def power_mode() -> Optional[Tuple[str, str]]:
    """Number and name of the mode that `nvpmodel -q` tells of; None where it tells of none."""
    status, said = run(["nvpmodel", "-q"])
    return mode_in(said) if status == 0 else None


def mode_in(said: str) -> Optional[Tuple[str, str]]:
    """Number and name of the mode in what nvpmodel says."""
    found = re.search(r"NV Power Mode: *(\S+)\s+(\d+)", said)
    return (found.group(2), found.group(1)) if found else None


def power_modes() -> Dict[str, str]:
    """The name of each mode that the board has, by its number."""
    _, said = run(["nvpmodel", "-p", "--verbose"])
    return dict(re.findall(r"POWER_MODEL: ID=(\d+) NAME=(\S+)", said))


def clocks_pinned(root: str = "/") -> Optional[bool]:
    """Whether every clock that can be read may only have one value, as after `jetson_clocks`; None if none can."""
    pairs = [
        (_number(folder, "scaling_min_freq"), _number(folder, "scaling_max_freq"))
        for folder in glob.glob(os.path.join(root, _CPUS, "cpu[0-9]*/cpufreq"))
    ]
    gpu = _gpu(root)
    if gpu:
        pairs.append((_number(gpu, "min_freq"), _number(gpu, "max_freq")))
    known = [(low, high) for low, high in pairs if low is not None and high is not None]
    return all(low == high for low, high in known) if known else None


def gpu_mhz(root: str = "/") -> str:
    """The GPU's clock: now, and from where to where it may go."""
    gpu = _gpu(root)
    values = [_number(gpu, name) for name in ("cur_freq", "min_freq", "max_freq")] if gpu else []
    if not values or None in values:
        return ""
    now, low, high = (value // 1000000 for value in values if value is not None)
    return "{} ({} to {})".format(now, low, high)


def cpu_mhz(root: str = "/") -> str:
    """The clock of each CPU that is on."""
    files = glob.glob(os.path.join(root, _CPUS, "cpu[0-9]*/cpufreq/scaling_cur_freq"))
    values = [_number("", file) for file in sorted(files)]
    return " ".join(str(value // 1000) for value in values if value is not None)


def temperatures_c(root: str = "/") -> Dict[str, float]:
    """Degrees Celsius by zone. PMIC-Die of JetPack 4 always says 100 and is left out."""
    found = {}
    for folder in glob.glob(os.path.join(root, "sys/class/thermal/thermal_zone*")):
        name = _text(folder, "type").replace("-thermal", "").replace("_thermal", "").replace("-therm", "")
        value = _number(folder, "temp")
        if value is not None and value > 0 and "PMIC" not in name:
            found[name] = value / 1000.0
    return found


def cooling(root: str = "/") -> List[str]:
    """What slows the board down because it is hot: cooling devices, but for the fan, that are at work."""
    found = []
    for folder in sorted(glob.glob(os.path.join(root, "sys/class/thermal/cooling_device*"))):
        name, now = _text(folder, "type"), _number(folder, "cur_state")
        if now and "fan" not in name.lower():
            found.append("{} at {}".format(name, now))
    return found


def overcurrent_events(root: str = "/") -> Optional[int]:
    """How often the board slowed itself down since boot as it took too much current; None where none counts them."""
    files = glob.glob(os.path.join(root, "sys/class/hwmon/hwmon*/oc*_event_cnt"))
    counts = [_number("", file) for file in files]
    return sum(count for count in counts if count is not None) if files else None


def fan(root: str = "/") -> str:
    """How hard the fan is driven, of 255; "" where there is none to be seen."""
    pwm = _number(root, "sys/devices/pwm-fan/cur_pwm")
    for folder in glob.glob(os.path.join(root, "sys/class/hwmon/hwmon*")):
        if pwm is None and _text(folder, "name") == "pwmfan":
            pwm = _number(folder, "pwm1")
    return "" if pwm is None else "{} of 255".format(pwm)


def run(command: List[str], answer: str = "") -> Tuple[int, str]:
    """Exit status and all that a program says; 127 where it is not there, 124 where it does not end."""
    program = shutil.which(command[0], path=os.environ.get("PATH", "") + _MORE_PATH)
    if program is None:
        return 127, "{} is not there".format(command[0])
    try:
        process = subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:  # it is not a program after all
        return 126, "{}: {}".format(command[0], error.strerror)
    try:
        out, _ = process.communicate(answer.encode(), _PROGRAM_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return 124, "{} did not end within {} s".format(command[0], _PROGRAM_LIMIT_S)
    return process.returncode, out.decode(errors="replace")


def _gpu(root: str) -> str:
    """The folder of the GPU's clock; it has another name on each generation."""
    for folder in sorted(glob.glob(os.path.join(root, "sys/class/devfreq/*"))):
        name = os.path.basename(folder)
        if name.endswith((".gpu", ".gv11b", ".gp10b", ".gm20b")) or name.startswith(("17000000.", "gpu-gpc-0")):
            return folder
    return ""


def _text(*path: str) -> str:
    try:
        with open(os.path.join(*path), errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _number(*path: str) -> Optional[int]:
    try:
        return int(_text(*path))
    except ValueError:
        return None


ANSWERS = {"facts": facts, "settings": settings, "heat": heat}

if __name__ == "__main__":
    json.dump(ANSWERS[sys.argv[1] if len(sys.argv) > 1 else "facts"](tree()), sys.stdout)
