"""Trees of real files that look like `/proc` and `/sys` of a machine."""

from __future__ import annotations

from pathlib import Path

CPUS = "sys/devices/system/cpu"
QUIET_STAT = "cpu  1000 0 1000 8000 0 0 0 0 0 0\n" + "".join(f"cpu{n} 250 0 250 2000 0 0 0 0 0 0\n" for n in range(4))


class Tree:
    """A machine with four CPUs; as it is made, a quiet one that is set for measuring."""

    def __init__(self, root: Path, governor: str = "performance") -> None:
        self.root = root
        for cpu in range(4):
            self.write(f"{CPUS}/cpu{cpu}/cpufreq/scaling_governor", governor)
            self.write(f"{CPUS}/cpu{cpu}/cpufreq/scaling_available_governors", "performance powersave")
            self.write(f"{CPUS}/cpu{cpu}/cpufreq/scaling_min_freq", "800000")
            self.write(f"{CPUS}/cpu{cpu}/cpufreq/scaling_max_freq", "3500000")
            self.write(f"{CPUS}/cpu{cpu}/cpufreq/cpuinfo_max_freq", "3500000")
            self.write(f"{CPUS}/cpu{cpu}/cpufreq/scaling_cur_freq", "3400000")
            self.write(f"{CPUS}/cpu{cpu}/thermal_throttle/core_throttle_count", "0")
            self.write(f"{CPUS}/cpu{cpu}/topology/thread_siblings_list", str(cpu))
        self.write(f"{CPUS}/online", "0-3")
        self.write(f"{CPUS}/intel_pstate/no_turbo", "1")
        self.write("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp")
        self.write("sys/class/thermal/thermal_zone0/temp", "45000")
        self.write("sys/class/thermal/thermal_zone0/trip_point_0_type", "passive")
        self.write("sys/class/thermal/thermal_zone0/trip_point_0_temp", "100000")
        self.write("sys/class/power_supply/AC/type", "Mains")
        self.write("sys/fs/cgroup/cgroup.procs", "")
        self.write("proc/stat", QUIET_STAT)
        self.write("proc/loadavg", "0.05 0.10 0.20 1/300 4242")
        for kind in ("cpu", "memory", "io"):
            self.write(f"proc/pressure/{kind}", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n")
        self.write("proc/meminfo", "MemTotal: 16384000 kB\nMemAvailable: 8192000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n")
        self.write("proc/self/status", "Name:\tpython\nCpus_allowed_list:\t0-3\n")
        self.write("proc/self/cgroup", "0::/user.slice/session.scope\n")
        self.write("proc/self/stat", self.process(77, "python", 500))
        self.write("proc/77/stat", self.process(77, "python", 500))
        self.write("proc/cpuinfo", "flags\t\t: fpu sse avx2\n")

    @staticmethod
    def process(pid: int, name: str, ticks: int) -> str:
        """A line of /proc/PID/stat with this user time."""
        return f"{pid} ({name}) S 1 1 1 0 -1 4194560 1 2 3 4 {ticks} 0 0 0 20 0 1 0 100 1 1"

    def write(self, path: str, text: str) -> Path:
        """Write one file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def remove(self, pattern: str) -> None:
        """Remove the files that fit."""
        for file in self.root.glob(pattern):
            file.unlink()

    def pass_time(self, *, stolen: int = 0) -> None:
        """Twenty ticks of every CPU, of which some in all are stolen."""
        self.write("proc/stat", QUIET_STAT.replace("8000 0 0 0 0", f"{8080 - stolen} 0 0 0 {stolen}", 1))

    def values(self, name: str = "scaling_governor") -> list[str]:
        """What this file of each CPU says."""
        return [(self.root / f"{CPUS}/cpu{cpu}/cpufreq/{name}").read_text().strip() for cpu in range(4)]

    def state(self) -> dict[str, str]:
        """Every file below `cpu`, by name."""
        return {str(file): file.read_text().strip() for file in (self.root / CPUS).rglob("*") if file.is_file()}
