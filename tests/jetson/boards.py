"""Trees of files and small programs that look like a Jetson, as each generation of its software shows itself."""

from __future__ import annotations

import os
from pathlib import Path

TWO_WATTS_MV_MA = (5000, 400)


def write(root: Path, path: str, text: str) -> Path:
    """Write one file below the root; whole or not at all, as a driver's file is."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(file.name + ".new")
    beside.write_text(text)
    beside.replace(file)
    return file


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
