"""Trees of files and small programs that look like a Jetson, as each generation of its software shows itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# What `tegrastats` prints, by generation: milliwatts now/on average, later with their unit.
NANO_LINE = (
    "RAM 330/3964MB (lfb 758x4MB) SWAP 0/1982MB (cached 0MB) IRAM 0/252kB(lfb 252kB) CPU [3%@102,1%@102,0%@102,0%@102] "
    "EMC_FREQ 0% GR3D_FREQ 0% PLL@20.5C CPU@22.5C PMIC@100C GPU@22C AO@29C thermal@22C "
    "POM_5V_IN {mw}/{mw} POM_5V_GPU 0/0 POM_5V_CPU 84/84"
)
XAVIER_LINE = (
    "RAM 1533/15692MB (lfb 3356x4MB) SWAP 0/7846MB (cached 0MB) CPU [1%@1190,0%@1190,off,off] EMC_FREQ 0% "
    "GR3D_FREQ 0% AO@30.5C GPU@31.5C Tboard@32C PMIC@100C "
    "GPU 0/0 CPU 310/310 SOC 930/931 CV 0/0 VDDRQ 155/155 SYS5V 2135/2135"
)
ORIN_LINE = (
    "11-05-2023 11:49:01 RAM 3043/30536MB (lfb 6211x4MB) SWAP 0/15268MB (cached 0MB) CPU [0%@729,0%@729,off] "
    "EMC_FREQ 0%@2133 GR3D_FREQ 0%@[0,0] NVDEC off VIC_FREQ 729 cpu@43.7C tboard@33.7C soc2@40.3C tj@43.7C "
    "VDD_GPU_SOC 2390mW/2390mW VDD_CPU_CV 797mW/797mW VIN_SYS_5V0 3183mW/3183mW"
)
ORIN_NX_LINE = (
    "04-18-2025 09:12:44 RAM 2108/15656MB (lfb 4x4MB) SWAP 0/7828MB (cached 0MB) CPU [2%@729,0%@729] EMC_FREQ 0%@2133 "
    "GR3D_FREQ 0%@[305] cpu@46.3C soc0@44.9C tj@46.8C VDD_IN 5113mW/5113mW VDD_CPU_GPU_CV 714mW/714mW VDD_SOC 1429mW/1429mW"
)


def write(root: Path, path: str, text: str) -> Path:
    """Write one file below the root; whole or not at all, as a driver's file is."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    replace(file, text)
    return file


def replace(file: Path, text: str) -> None:
    """Write a file so that nobody sees half of it."""
    beside = file.with_name(file.name + ".written")
    beside.write_text(text)
    beside.replace(file)


def hwmon_rails(root: Path, labels: tuple[str, ...] = ("VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC")) -> Path:
    """INA3221 as JetPack 5 and later have it, 2 W on each rail; the file of the first one's current."""
    device = "sys/bus/i2c/drivers/ina3221/1-0040"
    write(root, f"{device}/name", "ina3221\n")
    for channel, label in enumerate(labels, 1):
        write(root, f"{device}/hwmon/hwmon1/in{channel}_label", f"{label}\n")
        write(root, f"{device}/hwmon/hwmon1/in{channel}_input", "5000\n")
        write(root, f"{device}/hwmon/hwmon1/curr{channel}_input", "400\n")
    write(root, f"{device}/hwmon/hwmon1/in7_label", "sum of shunt voltages\n")
    write(root, f"{device}/hwmon/hwmon1/in7_input", "12\n")
    _link(root, device)
    return root / device / "hwmon/hwmon1/curr1_input"


def iio_rails(root: Path, labels: tuple[str, ...] = ("POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU")) -> Path:
    """INA3221 as JetPack 4 has it, 2 W on each rail; the file of the first one's power."""
    device = "sys/bus/i2c/drivers/ina3221x/6-0040"
    write(root, f"{device}/name", "ina3221x\n")
    for channel, label in enumerate(labels):
        folder = f"{device}/iio:device0"
        write(root, f"{folder}/rail_name_{channel}", f"{label}\n")
        write(root, f"{folder}/in_voltage{channel}_input", "5000\n")
        write(root, f"{folder}/in_current{channel}_input", "400\n")
        write(root, f"{folder}/in_power{channel}_input", "2000\n")
    _link(root, device)
    return root / device / "iio:device0/in_power0_input"


def _link(root: Path, device: str) -> None:
    devices = root / "sys/bus/i2c/devices"
    devices.mkdir(parents=True, exist_ok=True)
    (devices / Path(device).name).symlink_to(root / device)


def rapl(root: Path, packages: int = 1, limit_uj: int = 262_143_328_850) -> list[Path]:
    """Counters of packages, of a part of the first, and of the whole board; the packages' files."""
    base = "sys/class/powercap"
    files = []
    for number in range(packages):
        write(root, f"{base}/intel-rapl:{number}/name", f"package-{number}\n")
        write(root, f"{base}/intel-rapl:{number}/max_energy_range_uj", f"{limit_uj}\n")
        files.append(write(root, f"{base}/intel-rapl:{number}/energy_uj", "1000\n"))
    for name, text in (("intel-rapl:0:0", "core"), (f"intel-rapl:{packages}", "psys")):
        write(root, f"{base}/{name}/name", f"{text}\n")
        write(root, f"{base}/{name}/max_energy_range_uj", f"{limit_uj}\n")
        write(root, f"{base}/{name}/energy_uj", "77\n")
    return files


def program(folder: Path, name: str, text: str) -> Path:
    """A program in a folder that goes in front of PATH."""
    file = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def path_with(folder: Path) -> str:
    """PATH with the folder in front."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def tegrastats(folder: Path, line: str, milliwatts: Path) -> None:
    """A `tegrastats` that prints `line` at the interval asked for, with $MW as the file says it."""
    program(
        folder,
        "tegrastats",
        '#!/bin/sh\n[ "$1" = --interval ] || exit 1\nwhile :; do\n'
        f'  read MW < "{milliwatts}"\n  echo "{line}"\n  sleep "$(printf 0.%03d "$2")"\ndone\n',
    )


# How the question about a reboot is worded on a board is known by its gist only.
_NVPMODEL = """#!{python}
import sys
from pathlib import Path
state = Path({state!r})
modes = {modes!r}
arguments = sys.argv[1:]
with open(state.with_name("calls"), "a") as calls:
    calls.write(" ".join(["nvpmodel", *arguments]) + "\\n")
now = state.read_text().strip()
if arguments == ["-q"]:
    print({before!r} + "NV Power Mode: " + modes[now] + "\\n" + now)
elif arguments == ["-p", "--verbose"]:
    print("NVPM VERB: PM_CONFIG: DEFAULT=" + modes["1"] + "(1)")
    for number, name in modes.items():
        print("NVPM VERB: POWER_MODEL: ID=" + number + " NAME=" + name)
elif arguments[0] == "-m" and arguments[1] in {reboot!r}:
    print("NVPM WARN: Reboot required for changing to this power mode: " + arguments[1])
    print("NVPM WARN: DO YOU WANT TO REBOOT NOW? enter YES/yes to confirm: ")
    if sys.stdin.readline().strip().lower() == "yes":
        state.with_name("rebooted").touch()
elif arguments[0] == "-m" and arguments[1] in modes:
    state.write_text(arguments[1] + "\\n")
else:
    print("NVPM ERROR: invalid arguments")
    sys.exit(255)
"""
_JETSON_CLOCKS = """#!{python}
import json, sys, time
from pathlib import Path
root = Path({root!r})
with open({calls!r}, "a") as calls:
    calls.write(" ".join(["jetson_clocks", *sys.argv[1:]]) + "\\n")
lows = [*root.glob("sys/devices/system/cpu/cpu*/cpufreq/scaling_min_freq"), *root.glob("sys/class/devfreq/*/min_freq")]
if sys.argv[1:2] == ["--store"]:
    file = Path(sys.argv[2])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({{str(low): low.read_text() for low in lows}}))
elif sys.argv[1:2] == ["--restore"]:
    for name, text in json.loads(Path(sys.argv[2]).read_text()).items():
        Path(name).write_text(text)
else:
    time.sleep({slow})
    for low in lows:
        low.write_text(low.with_name(low.name.replace("min", "max")).read_text())
"""


class Board:
    """A Jetson of files, with its programs on PATH. generation: `nano` (JetPack 4), `orin` (6)."""

    def __init__(self, folder: Path, generation: str) -> None:
        self.root, self.bin, self.state = folder / "root", folder / "bin", folder / "mode"
        self.calls = folder / "calls"
        (self._nano if generation == "nano" else self._orin)()
        for cpu in range(2):
            for name, khz in (("min", 102000), ("max", 1479000), ("cur", 921600)):
                write(self.root, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_{name}_freq", f"{khz}\n")
        write(self.root, "sys/devices/system/cpu/online", "0-1\n")
        write(self.root, "sys/class/thermal/cooling_device0/type", "pwm-fan\n")
        write(self.root, "sys/class/thermal/cooling_device0/cur_state", "2\n")

    def _nano(self) -> None:
        release = (
            "# R32 (release), REVISION: 7.4, GCID: 33514132, BOARD: t210ref, EABI: aarch64, DATE: Fri Jun  9 2023\n"
        )
        write(self.root, "etc/nv_tegra_release", release)
        write(self.root, "proc/device-tree/model", "NVIDIA Jetson Nano Developer Kit\0")
        write(self.root, "proc/device-tree/compatible", "nvidia,p3450-0000\0nvidia,jetson-nano\0nvidia,tegra210\0")
        self.gpu("57000000.gpu", 76800000, 921600000)
        self.zone(0, "CPU-therm", 40500)
        self.zone(1, "PMIC-Die", 100000)
        write(self.root, "sys/devices/pwm-fan/cur_pwm", "0\n")
        iio_rails(self.root)
        self.programs({"0": "MAXN", "1": "5W"}, reboot=[])

    def _orin(self) -> None:
        release = (
            "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 2025\n"
        )
        write(self.root, "etc/nv_tegra_release", release)
        write(
            self.root, "proc/device-tree/model", "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super\0"
        )
        write(
            self.root,
            "proc/device-tree/compatible",
            "nvidia,p3768-0000+p3767-0005-super\0nvidia,p3767-0005\0nvidia,tegra234\0",
        )
        self.gpu("17000000.gpu", 306000000, 1020000000)
        self.zone(0, "cpu-thermal", 48250)
        self.zone(1, "tj-thermal", 49500)
        write(self.root, "sys/class/hwmon/hwmon2/name", "pwmfan\n")
        write(self.root, "sys/class/hwmon/hwmon2/pwm1", "90\n")
        write(self.root, "sys/class/hwmon/hwmon3/oc1_event_cnt", "0\n")
        write(self.root, "sys/class/hwmon/hwmon3/oc3_event_cnt", "2\n")
        hwmon_rails(self.root)
        self.programs(
            {"0": "15W", "1": "25W", "2": "MAXN_SUPER", "3": "7W"}, reboot=["3"], before="NVPM VERB: Current mode\n"
        )

    def programs(self, modes: dict[str, str], reboot: list[str], before: str = "", slow: float = 0) -> None:
        """`nvpmodel`, which is in mode 1, and `jetson_clocks`."""
        self.state.write_text("1\n")
        python = sys.executable
        text = _NVPMODEL.format(python=python, state=str(self.state), modes=modes, reboot=reboot, before=before)
        program(self.bin, "nvpmodel", text)
        self.jetson_clocks(slow)

    def jetson_clocks(self, slow: float) -> None:
        """One that takes this many seconds to pin the clocks."""
        text = _JETSON_CLOCKS.format(python=sys.executable, root=str(self.root), calls=str(self.calls), slow=slow)
        program(self.bin, "jetson_clocks", text)

    def gpu(self, name: str, low: int, high: int) -> None:
        """The GPU's clock, at its lowest."""
        for file, value in (("cur_freq", low), ("min_freq", low), ("max_freq", high)):
            write(self.root, f"sys/class/devfreq/{name}/{file}", f"{value}\n")

    def zone(self, number: int, name: str, millidegrees: int) -> None:
        """A sensor of temperature."""
        write(self.root, f"sys/class/thermal/thermal_zone{number}/type", f"{name}\n")
        write(self.root, f"sys/class/thermal/thermal_zone{number}/temp", f"{millidegrees}\n")

    def set(self) -> tuple[str, dict[str, str]]:
        """Power mode and every clock's lower limit."""
        lows = [
            *self.root.glob("sys/devices/system/cpu/cpu*/cpufreq/scaling_min_freq"),
            *self.root.glob("sys/class/devfreq/*/min_freq"),
        ]
        return self.state.read_text().strip(), {str(low): low.read_text().strip() for low in lows}
