"""Tables of what `again.py` found: figures measured again, runs beside the run before, a difference that is there."""

from __future__ import annotations

import csv
import itertools
import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from devbench.run.side_by_side import LogRatios, decided, paired_intervals
from devbench.stats.paired import LOOKS

DEVBENCH = "devbench"
SLOWER_PERCENT = 2
BUSY_CORES = 0.5
"""From here on other programs make a round contaminated (docs/measurement.md)."""


def table(folder: Path) -> str:
    """What the trials show: figures measured again, runs compared with the run before, a difference that is there."""
    runs, pairs, power = (read(folder / name) for name in ("runs.csv", "pairs.csv", "power.csv"))
    undisturbed = fastest_of(read(folder / "rounds.csv"))
    runs = [
        row | {"undisturbed_ms": undisturbed.get((row["trial"], row["network"]), "")}
        if row["tool"] == DEVBENCH
        else row
        for row in runs
    ]
    parts = [again_table(runs), together_table(runs), pairs_table(pairs), power_table(power)]
    parts.append(side_table(read(folder / "side_by_side.csv")))
    if runs:
        loads = [float(row["load_1min"]) for row in runs]
        parts.append(
            f"{max(int(row['trial']) for row in runs)} trials, {runs[0]['started_utc'][:16]} to"
            f" {runs[-1]['started_utc'][:16]}; load over a minute {min(loads):.1f} to {max(loads):.1f}, median"
            f" {statistics.median(loads):.1f}."
        )
    return "\n\n".join(part for part in parts if part)


def fastest_of(rounds: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], str]:
    """The undisturbed time of each run and network: a run states none where too many of its rounds are contaminated."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rounds:
        if row["tool"] == DEVBENCH:
            found.setdefault((row["trial"], row["network"]), []).append(math.log(float(row["fastest_ms"])))
    return {key: f"{math.exp(statistics.fmean(sorted(logs)[: len(logs) // 2 + 1])):.5f}" for key, logs in found.items()}


def again_table(runs: Sequence[Mapping[str, str]]) -> str:
    """Each tool and network: how much the figure varies from trial to trial, and how often its interval holds."""
    lines = [
        "| tool | figure | network | trials | standard deviation | trial to trial | interval holds | half width | s |"
    ]
    lines.append("|---|---|---|--:|--:|--:|--:|--:|--:|")
    for tool in dict.fromkeys(row["tool"] for row in runs):
        for figure_name, ends in FIGURES.get(tool, (("figure_ms", ("low_ms", "high_ms")),)):
            for network in dict.fromkeys(row["network"] for row in runs):
                rows = [row for row in runs if (row["tool"], row["network"]) == (tool, network) and row[figure_name]]
                if rows:
                    lines.append(again_line(tool, figure_name, ends, network, rows))
    return "\n".join(lines)


FIGURES = {
    DEVBENCH: (
        ("figure_ms", ("low_ms", "high_ms")),
        ("figure_ms", ("run_low_ms", "run_high_ms")),
        ("undisturbed_ms", None),
    )
}
NAMES = {"low_ms": "measured again", "run_low_ms": "within the run"}


def again_line(
    tool: str, name: str, ends: tuple[str, str] | None, network: str, rows: Sequence[Mapping[str, str]]
) -> str:
    logs = [math.log(float(row[name])) for row in rows]
    enough = len(logs) > 2
    spread = f"{statistics.stdev(logs):.1%}" if enough else ""
    steps = [(one - other) ** 2 / 2 for one, other in itertools.pairwise(logs)]
    neighbours = f"{math.sqrt(statistics.fmean(steps)):.1%}" if enough else ""
    held = width = ""
    stated = [(one, row) for one, row in zip(logs, rows, strict=True) if ends and row[ends[0]]]
    if ends and stated and enough:
        bounds = [(math.log(float(row[ends[0]])), math.log(float(row[ends[1]]))) for _, row in stated]
        others = [(sum(logs) - one) / (len(logs) - 1) for one, _ in stated]
        count = sum(low <= other <= high for other, (low, high) in zip(others, bounds, strict=True))
        held = f"{count} of {len(stated)}"
        width = f"{statistics.median((high - low) / 2 for low, high in bounds):.1%}"
    what = "undisturbed" if name == "undisturbed_ms" else NAMES.get(ends[0], "") if tool == DEVBENCH and ends else ""
    seconds = f"{statistics.median(float(row['seconds']) for row in rows):.1f}"
    return f"| {tool} | {what} | {network} | {len(rows)} | {spread} | {neighbours} | {held} | {width} | {seconds} |"


def together_table(runs: Sequence[Mapping[str, str]]) -> str:
    """Each tool over all networks, for all trials and for those with little or much other work on the machine."""
    lines = ["| trials | tool | figures | standard deviation | trial to trial | interval holds |"]
    lines.append("|---|---|--:|--:|--:|--:|")
    groups: list[tuple[str, Callable[[Mapping[str, str]], bool]]] = [("all", lambda _: True)]
    versions = list(dict.fromkeys(row["version"] for row in runs if row["tool"] == DEVBENCH))
    for version in versions if len(versions) > 1 else []:
        trials = {row["trial"] for row in runs if row["version"] == version}
        groups.append((f"devbench at {version}", lambda row, trials=trials: row["trial"] in trials))  # type: ignore[misc]
    groups += [
        (f"others used less than {BUSY_CORES} cores", lambda row: float(row["others_cores"]) < BUSY_CORES),
        ("others used more", lambda row: float(row["others_cores"]) >= BUSY_CORES),
        ("devbench: not contaminated", lambda row: row["tool"] == DEVBENCH and row["verdict"] != "contaminated"),
    ]
    for title, belongs in groups:
        for tool in dict.fromkeys(row["tool"] for row in runs):
            rows = [row for row in runs if row["tool"] == tool and belongs(row)]
            names = ("figure_ms", "undisturbed_ms")
            lines += [together_line(title, tool, name, [row for row in rows if row[name]]) for name in names]
    return "\n".join(line for line in lines if line)


def together_line(title: str, tool: str, name: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Variances of the networks are pooled, each about its own mean."""
    squares = steps = 0.0
    degrees = counted = held = asked = 0
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network]
        logs = [math.log(float(row[name])) for row in own]
        if len(logs) < 3:
            continue
        mean = statistics.fmean(logs)
        squares += sum((one - mean) ** 2 for one in logs)
        degrees += len(logs) - 1
        both = list(zip(logs, own, strict=True))
        for (one, row), (other, following) in itertools.pairwise(both):
            if int(following["trial"]) - int(row["trial"]) == 1:
                steps, counted = steps + (one - other) ** 2 / 2, counted + 1
        for one, row in both:
            if name == "figure_ms" and row["low_ms"]:
                other = (sum(logs) - one) / (len(logs) - 1)
                asked += 1
                held += math.log(float(row["low_ms"])) <= other <= math.log(float(row["high_ms"]))
    if not degrees:
        return ""
    shown = f"{tool}, undisturbed" if name == "undisturbed_ms" else tool
    neighbours = f"{math.sqrt(steps / counted):.1%}" if counted else ""
    share = f"{held} of {asked} ({100 * held / asked:.0f} %)" if asked else ""
    return f"| {title} | {shown} | {len(rows)} | {math.sqrt(squares / degrees):.1%} | {neighbours} | {share} |"


def pairs_table(pairs: Sequence[Mapping[str, str]]) -> str:
    """Neighbouring runs of the same work: every slower or faster is an alarm."""
    if not pairs:
        return ""
    lines = ["| runs compared | comparisons | slower or faster | undecided: contaminated | resolution stated, median |"]
    lines.append("|---|--:|--:|--:|--:|")
    clean = [row for row in pairs if "contaminated" not in (row["old_verdict"], row["new_verdict"])]
    for title, rows in (("all", pairs), ("neither contaminated", clean)):
        alarms = sum(row["verdict"] in ("slower", "faster") for row in rows)
        undecided = sum(row["verdict"].startswith("undecided") for row in rows)
        resolutions = [float(row["resolution"]) for row in rows if row["resolution"]]
        middle = f"{statistics.median(resolutions):.1%}" if resolutions else ""
        lines.append(f"| {title} | {len(rows)} | {alarms} | {undecided} | {middle} |")
    by_interval = sum(bool(row["ratio"]) and not float(row["low"]) <= 1 <= float(row["high"]) for row in pairs)
    lines.append(f"| all, by the interval of the medians alone | {len(pairs)} | {by_interval} | | |")
    return "\n".join(lines)


def power_table(power: Sequence[Mapping[str, str]]) -> str:
    """Side by side with 2 % planted."""
    if not power:
        return ""
    lines = [
        "| resolution stated | comparisons | slower | faster | within | none shown | undecided | pairs, median | s |"
    ]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    kinds = ("slower", "faster", "within the threshold", "no difference shown", "undecided: contaminated")
    limits = ((0, 0.02), (0.02, 0.04), (0.04, math.inf))
    groups = [(f"{low:.0%} to {high:.0%}" if high < math.inf else f"over {low:.0%}", low, high) for low, high in limits]
    for title, low, high in [*groups, ("unknown", -1, -1), ("all", -2, math.inf)]:
        rows = [
            row for row in power if low <= float(row["resolution"] or -1) < high or (low, row["resolution"]) == (-1, "")
        ]
        if rows:
            counts = " | ".join(str(sum(row["verdict"] == kind for row in rows)) for kind in kinds)
            pairs = statistics.median(int(row["pairs"]) for row in rows)
            seconds = statistics.median(float(row["seconds"]) for row in rows)
            lines.append(f"| {title} | {len(rows)} | {counts} | {pairs:.0f} | {seconds:.0f} |")
    return "\n".join(lines)


def side_table(rows: Sequence[Mapping[str, str]]) -> str:
    """What all pairs would show if contaminated ones counted; and neighbouring rounds of one side: the same work."""
    if not rows:
        return ""
    sessions: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        sessions.setdefault(row["started_utc"], []).append(row)
    planted, same = [], []
    rng = random.Random(0)
    for pairs in sessions.values():
        planted.append(LogRatios(log_ratios(pairs, "ms"), log_ratios(pairs, "fastest_ms")))
        for side in ("old", "new"):
            signs = [rng.choice((-1, 1)) for _ in pairs]
            same.append(LogRatios(*(steps(pairs, f"{side}_{name}", signs) for name in ("ms", "fastest_ms"))))
    lines = ["| all pairs, contaminated ones too | comparisons | slower | faster | by the medians alone | half width |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for title, found in ((f"{SLOWER_PERCENT} % slower", planted), ("the same: rounds of one side", same)):
        enough = [one for one in found if len(one.medians) >= LOOKS[0]]
        shown = [looked_at(one) for one in enough]
        medians = sum(one in ("slower", "faster") for one in (looked_at(each, medians_only=True) for each in enough))
        last = [paired_intervals(one)[1] for one in enough]
        widths = [one.relative_half_width for one in last if one]
        width = f"{statistics.median(widths):.1%}" if widths else ""
        lines.append(
            f"| {title} | {len(enough)} | {shown.count('slower')} | {shown.count('faster')} | {medians} | {width} |"
        )
    return "\n".join(lines)


def looked_at(ratios: LogRatios, *, medians_only: bool = False) -> str:
    """What the looks at ever more pairs show, the last at all of them; threshold 0."""
    counts = [count for count in LOOKS if count < len(ratios.medians)] + [len(ratios.medians)]
    for count in counts:
        medians, fastest = paired_intervals(LogRatios(ratios.medians[:count], ratios.fastest[:count]))
        shown = decided(medians, None if medians_only else fastest, threshold=0.0)
        if shown in ("slower", "faster"):
            return shown
    return "no difference shown"


def log_ratios(pairs: Sequence[Mapping[str, str]], name: str) -> list[float]:
    return [math.log(float(one[f"new_{name}"]) / float(one[f"old_{name}"])) for one in pairs]


def steps(pairs: Sequence[Mapping[str, str]], name: str, signs: Sequence[int]) -> list[float]:
    """Logarithms of the ratios of one round and the next of the same side, two by two."""
    logs = [math.log(float(one[name])) for one in pairs]
    return [sign * (other - one) for one, other, sign in zip(logs[::2], logs[1::2], signs, strict=False)]


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
