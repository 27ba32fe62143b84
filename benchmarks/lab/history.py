"""How long questions to a large history take: 200 places × 30 cases × 365 nights are 2.19 million rows.

    uv run python -m benchmarks.lab.history --folder /tmp/history

Makes the history (kept for the next time), with the last night as 200 run files that are in no month yet, and asks each
question in a process of its own: the first time, and the best of three. Prints Markdown; docs/trust.md has the table.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[2]))

from devbench.domain.night import SeriesKey
from devbench.history.columns import COLUMNS, KEY, as_tuple
from devbench.history.files import MONTHS, RUNS, Folded, encoded, put
from devbench.history.reading import Which
from devbench.history.series import series_since
from devbench.history.store import History
from devbench.history.watch import look_for_changes

FIRST = date(2025, 11, 1)


def main() -> None:
    """Make the history, then ask."""
    options = _options()
    nights = [(FIRST + timedelta(days=number)).isoformat() for number in range(options.nights)]
    if options.ask:
        _ask(options, nights)
        return
    if not (options.folder / MONTHS).is_dir():
        _make(options, nights)
    files = list(options.folder.rglob("*.parquet"))
    months = sum(path.stat().st_size for path in files if path.parent.name == MONTHS)
    rows = options.places * options.cases * options.nights
    print(f"{rows:,} rows: {months / 1e6:.0f} MB in {len(list((options.folder / MONTHS).iterdir()))} months, ", end="")
    print(f"{sum(path.stat().st_size for path in files if path.parent.name == RUNS) / 1e6:.1f} MB in run files.\n")
    print("| question | rows | first s | best s | best CPU s | MB of memory |")
    print("|---|--:|--:|--:|--:|--:|")
    for name in QUESTIONS:
        command = [sys.executable, __file__, *sys.argv[1:], "--ask", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        _tell(name, said)
    _tell("the command, from its start: `devbench history model_07 --place board-123`", _command(options.folder))


def _tell(name: str, said: dict[str, float]) -> None:
    times = " | ".join(f"{said[one]:.2f}" for one in ("first", "best", "cpu"))
    print(f"| {name} | {said['rows']:,} | {times} | {said['mb']:.0f} |", flush=True)


def _command(folder: Path) -> dict[str, float]:
    took, cpu, rows, peak_mb = [], [], 0, 0.0
    arguments = ["history", "model_07", "--place", "board-123", "--history", str(folder), "--format", "csv"]
    for _ in range(3):
        begun = time.perf_counter()
        with subprocess.Popen([sys.executable, "-m", "devbench", *arguments], stdout=subprocess.PIPE) as process:
            assert process.stdout
            rows = max(len(process.stdout.read().splitlines()) - 1, 0)
            _, _, used = os.wait4(process.pid, 0)
            process.returncode = 0  # it has been waited for
        took.append(time.perf_counter() - begun)
        cpu.append(used.ru_utime + used.ru_stime)
        peak_mb = max(peak_mb, used.ru_maxrss / 1024)
    return {"rows": rows, "first": took[0], "best": min(took), "cpu": min(cpu), "mb": peak_mb}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--places", type=int, default=200)
    parser.add_argument("--cases", type=int, default=30)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--ask", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _keys(options: argparse.Namespace) -> list[SeriesKey]:
    return sorted(
        (
            SeriesKey(
                model=f"model_{case // 2:02d}",
                precision=("int8", "float32")[case % 2],
                runtime="litert",
                options="threads=4",
                device="coral-dev-board",
                place=f"board-{place:03d}",
            )
            for place in range(options.places)
            for case in range(options.cases)
        ),
        key=as_tuple,
    )


def _make(options: argparse.Namespace, nights: list[str]) -> None:
    """All but the last night in months, the last one as a run for each place."""
    begun, rng, keys = time.monotonic(), np.random.default_rng(1), _keys(options)
    level = rng.uniform(0, 4, len(keys))
    by_month: dict[str, list[str]] = {}
    for night in nights[:-1]:
        by_month.setdefault(night[:7], []).append(night)
    for month, inside in by_month.items():
        table = _table(keys, inside, level, rng)
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        runs = [
            Folded(_run(night, place), "0" * 16, stamp, options.cases, True)
            for night in inside
            for place in range(options.places)
        ]
        put(options.folder / MONTHS, month, "g000030", encoded(table, keys, runs))
    for place in range(options.places):
        own = [number for number, key in enumerate(keys) if key.place == f"board-{place:03d}"]
        some = [keys[number] for number in own]
        table = _table(some, nights[-1:], level[own], rng)
        data = encoded(table, some, measured=len(some), finished=True)
        put(options.folder / RUNS, nights[-1], _run(nights[-1], place), data)
    print(f"(made in {time.monotonic() - begun:.0f} s)", file=sys.stderr)


def _run(night: str, place: int) -> str:
    return f"{night.replace('-', '')}{place:03d}a7e9d"


def _table(keys: list[SeriesKey], nights: list[str], level: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """Rows sorted by series and night, with the columns of a real run: texts that repeat, figures that do not."""
    count, days = len(keys), len(nights)
    series, night = np.repeat(np.arange(count, dtype=np.int32), days), np.tile(np.arange(days, dtype=np.int32), count)
    value = np.exp(level[series] + rng.normal(0, 0.01, count * days))
    place = np.array([int(key.place[-3:]) for key in keys])[series]
    spread = rng.uniform(0.002, 0.006, count * days)
    floats = {
        "fastest_ms": value,
        "fastest_low_ms": value * (1 - 3 * spread),
        "fastest_high_ms": value * (1 + 3 * spread),
        "within_sd": spread,
        "median_ms": value * rng.uniform(1.0, 1.1, count * days),
        "low_ms": value,
        "high_ms": value * rng.uniform(1.1, 1.2, count * days),
        "temperature_c": np.round(rng.uniform(40, 70, count * days), 1),
    }
    runs = [_run(one, number) for one in nights for number in range(int(place.max()) + 1)]
    of_run = night * (int(place.max()) + 1) + place
    texts = {
        **{name: _coded(series, [as_tuple(key)[at] for key in keys]) for at, name in enumerate(KEY)},
        "night": _coded(night, nights),
        "run_key": _coded(of_run, runs),
        "run": _coded(place, [f"imagenet--board-{number:03d}" for number in range(int(place.max()) + 1)]),
        "folder": _coded(of_run, [f"/srv/lab/nights/{one[:8]}/runs/imagenet--board-{one[8:11]}" for one in runs]),
        "verdict": _coded((rng.random(count * days) < 0.03).astype(np.int32), ["clean", "contaminated"]),
        "machine_id": _coded(place, [f"{number:016x}" for number in range(int(place.max()) + 1)]),
        "boot_id": _coded(place, [f"{number:032x}" for number in range(int(place.max()) + 1)]),
        "status": _coded(series * 0, ["measured"]),
        "case": _coded(series, [f"{key.model}-{key.precision}@{key.place}" for key in keys]),
    }
    fixed = {"suite": "imagenet", "runtime_version": "2.1.0", "kernel": "6.1.0", "os": "Debian 12", "covers": "machine"}
    columns = []
    for field in COLUMNS:
        if field.name in texts:
            columns.append(texts[field.name])
        elif field.name in floats:
            columns.append(pa.array(floats[field.name].astype(np.float32)))
        elif field.name == "series":
            columns.append(pa.array(series))
        elif pa.types.is_dictionary(field.type):
            columns.append(_coded(series * 0, [fixed.get(field.name, "")]))
        else:
            columns.append(pa.array(np.full(count * days, 5)).cast(field.type))
    return pa.table(columns, COLUMNS)


def _coded(codes: np.ndarray, texts: list[str]) -> pa.Array:
    different = sorted(set(texts))
    number = {text: at for at, text in enumerate(different)}
    return pa.DictionaryArray.from_arrays(
        pa.array(np.array([number[text] for text in texts], dtype=np.int32)[codes]), pa.array(different)
    )


QUESTIONS = {
    "one case on every place, 90 nights": lambda history, last: len(
        history.read(_of("model_07", since=90, last=last)).series
    ),
    "one case on every place, a year": lambda history, last: len(
        history.read(_of("model_07", since=400, last=last)).series
    ),
    "one case on one place, a year": lambda history, last: len(
        history.read(_of("model_07", "board-123", since=400, last=last)).series
    ),
    "one place, 90 nights, with versions, as the table shows it": lambda history, last: sum(
        len(one.nights) for one in series_since(history, last, 90, lambda key: key.place == "board-123")
    ),
    "every series, the last 14 nights": lambda history, last: len(
        history.read(Which(since=_before(last, 14), columns=("fastest_ms", "verdict"))).series
    ),
    "every row of a year, one column": lambda history, _: len(history.read(Which(columns=("fastest_ms",))).series),
    "no question, but once a night: look for changes in every series (90 nights)": lambda history, last: len(
        look_for_changes(history, last)
    ),
}


def _of(model: str, place: str = "", *, since: int, last: str) -> Which:
    return Which(
        wants=lambda key: key.model == model and key.precision == "int8" and place in ("", key.place),
        since=_before(last, since),
        columns=("fastest_ms", "fastest_low_ms", "fastest_high_ms", "verdict"),
    )


def _before(night: str, days: int) -> str:
    return (date.fromisoformat(night) - timedelta(days=days)).isoformat()


def _ask(options: argparse.Namespace, nights: list[str]) -> None:
    took, cpu, peak_mb = [], [], 0.0
    for _ in range(3):
        begun, busy = time.perf_counter(), time.process_time()
        rows = QUESTIONS[options.ask](History(options.folder), nights[-1])
        took.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - busy)
        peak_mb = peak_mb or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # of one question
    print(json.dumps({"rows": rows, "first": took[0], "best": min(took), "cpu": min(cpu), "mb": peak_mb}))


if __name__ == "__main__":
    main()
