"""Plugins that misbehave, beside a sound one: what each fault costs.

    uv run python benchmarks/reliability/plugins.py [--only TEXT] [--jobs 2] [--verbose] [--keep FILE]

Every place where a plugin's code or data is used, times every kind of fault that fits there. Each trial installs the
sick plugin beside a sound one (the fake device of `devbench.testing`), and runs one command. Counted are:

    traceback    devbench itself failed
    hang         the command did not end within a minute
    lost         the sound device was not listed, or not measured
    spoiled      stdout was not the JSON that was asked for
    unnamed      something failed, and neither plugin nor distribution was named
    orphan       a process was left behind

--keep: write each trial into FILE, and leave out those that it has. So a command that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.reliability.plugin_faults import FAULTS
from benchmarks.reliability.sick_plugin import Fault

LIMIT_S = 60.0
CALL_LIMIT_S = "4"
HARMS = ("traceback", "hang", "lost", "spoiled", "unnamed", "orphan")
MEASURE = "{rounds: 2, max_rounds: 2, warmup_runs: 1, warmup_s: 0, min_runs: 3, min_s: 0, cap_s: 5, time_limit_s: 10}"


@dataclass
class Trial:
    """One fault, one command. harms: what it did that it must not."""

    fault: Fault
    said: str = ""
    harms: list[str] = field(default_factory=list)


def main() -> int:
    arguments = _arguments()
    faults = [fault for fault in FAULTS if arguments.only in f"{fault.where}: {fault.kind}"]
    kept = _kept(arguments.keep)
    trials = [Trial(fault, *kept[_key(fault)]) for fault in faults if _key(fault) in kept]
    todo = [fault for fault in faults if _key(fault) not in kept]
    try:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            try:
                for trial in pool.map(attempt, todo):
                    trials.append(trial)
                    _keep(arguments.keep, trial)
                    verdict = ", ".join(trial.harms) or "fine"
                    what = f"{trial.fault.where}: {trial.fault.kind}: {verdict}"
                    print(f"{len(trials)}/{len(faults)} {what}", file=sys.stderr)
            except KeyboardInterrupt:
                pool.shutdown(cancel_futures=True)
    finally:
        _show(trials, len(faults), verbose=arguments.verbose)
    return 1 if len(trials) < len(faults) or any(trial.harms for trial in trials) else 0


def _show(trials: list[Trial], wanted: int, *, verbose: bool) -> None:
    print(f"{len(trials)} of {wanted} faults were tried; {sum(bool(one.harms) for one in trials)} did harm.\n")
    print("| where | trials | " + " | ".join(HARMS) + " |\n|---|--:|" + "--:|" * len(HARMS))
    for where in [*dict.fromkeys(trial.fault.where for trial in trials), "all"]:
        those = [trial for trial in trials if where in ("all", trial.fault.where)]
        counts = Counter(harm for trial in those for harm in trial.harms)
        print(f"| {where} | {len(those)} | " + " | ".join(str(counts[harm]) for harm in HARMS) + " |")
    for trial in trials:
        if trial.harms or verbose:
            what = f"{trial.fault.where}: {trial.fault.kind}: {', '.join(trial.harms) or 'fine'}"
            print(f"\n{what}\n{indent(trial.said, '    ')}")


def _key(fault: Fault) -> str:
    told = json.dumps([fault.where, fault.kind, fault.source, fault.command, fault.lab, fault.models, fault.devices])
    return hashlib.sha256(told.encode()).hexdigest()


def _kept(path: Path | None) -> dict[str, tuple[str, list[str]]]:
    """What was said and what harm was done, by the key of each fault that was tried."""
    if path is None or not path.exists():
        return {}
    found = map(json.loads, path.read_text().splitlines())
    return {one["key"]: (one["said"], one["harms"]) for one in found}


def _keep(path: Path | None, trial: Trial) -> None:
    if path is not None:
        with path.open("a") as file:
            print(json.dumps({"key": _key(trial.fault), "said": trial.said, "harms": trial.harms}), file=file)


def attempt(fault: Fault) -> Trial:
    """Install the plugin, run the command, and look at what came of it."""
    trial = Trial(fault)
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="devbench-fault-") as name:
        folder = Path(name)
        for plugin, module, source in (("sick", "plugin_sick", fault.source), ("fake", "devbench.testing.fake", "")):
            _install(folder / "site", plugin, module, source)
        (folder / "a.fake").write_text("{}")
        (folder / "lab.yaml").write_text(fault.lab)
        (folder / "suite.yaml").write_text(_suite(fault))
        env = {
            **os.environ,
            "PYTHONPATH": str(folder / "site"),
            "DEVBENCH_CACHE": str(folder / "cache"),
            "DEVBENCH_PLUGIN_LIMIT_S": CALL_LIMIT_S,
            "DEVBENCH_PAGE": "0",
            "DEVBENCH_FAULT": mark,
        }
        if "mobilenet" not in fault.kind and "desktop" not in fault.kind and fault.command[0] != "models":
            env["DEVBENCH_PLUGINS"] = "fake,sick"  # the bundled ones are sound, and take a while to probe
        try:
            done = subprocess.run(
                [sys.executable, "-m", "devbench", *fault.command],
                cwd=folder, env=env, capture_output=True, timeout=LIMIT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            trial.harms.append("hang")
            _end(mark)
            return trial
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        record = folder / "out/run.json"
        kept = record.read_text() if record.exists() else ""
        trial.said = f"exit {done.returncode}\n{_some(err)}\n{_some(out)}"
        trial.harms += _harms(fault, out, err, kept)
    if _end(mark):
        trial.harms.append("orphan")
    return trial


def _harms(fault: Fault, out: str, err: str, kept: str) -> Iterator[str]:
    if "Traceback (most recent call last)" in err:
        yield "traceback"
    try:
        answer = json.loads(out)
    except ValueError:
        yield "spoiled"
        answer = None
    if not _sound(fault, answer):
        yield "lost"
    if fault.noticed and "sick 1.0" not in out + err + kept:
        yield "unnamed"


def _sound(fault: Fault, answer: object) -> bool:
    """Whether the sound device came through."""
    match fault.command[0], answer:
        case "devices", [*lines]:
            return any(line["device"] == "fake" and line["ready"] for line in lines)
        case "doctor", [*checks]:
            return any(check["name"].startswith("fake ") and check["good"] for check in checks)
        case "plugins", [*infos]:
            return any(info["name"] == "fake" and not info["problems"] for info in infos)
        case "models", [*models]:
            return any(model["name"] == "mobilenet_v1" for model in models)
        case "check", {}:
            return True  # the sound device has no rules
        case "run", {"cases": cases}:
            mine = [case for case in cases if (case["model"], case["device"]) == ("a", "fake")]
            return bool(mine) and all(case["outcome"]["status"] == "measured" for case in mine)
    return False


def _suite(fault: Fault) -> str:
    models = "\n".join(f"  - {entry}" for entry in ("{name: a, source: a.fake}", *fault.models))
    devices = ", ".join(["fake", *fault.devices])
    return f"name: faults\nmodels:\n{models}\ndevices: [{devices}]\nmeasure: {MEASURE}\n"


def _install(site: Path, plugin: str, module: str, source: str) -> None:
    described = site / f"{plugin}-1.0.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {plugin}\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(f"[devbench]\n{plugin} = {module}\n")
    if source:
        (site / f"{module}.py").write_text(source)


def _end(mark: str) -> bool:
    """Whether a process of the trial is left after two seconds; it is ended now."""
    deadline_s = time.monotonic() + 2
    while (left := _left(mark)) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
    return bool(left)


def _left(mark: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"DEVBENCH_FAULT={mark}".encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def _some(text: str) -> str:
    return text if len(text) <= 1500 else f"{text[:700]}\n[...]\n{text[-700:]}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only faults whose place or kind has this text in it")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=None, help="a file of trials, to go on with")
    parser.add_argument("--verbose", action="store_true", help="show what was said in sound trials, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
