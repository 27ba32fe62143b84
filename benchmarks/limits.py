"""The physical limits of all published figures, as a table in benchmarks/limits.md.

    uv run python benchmarks/limits.py

It shows which wall each figure stands at and how near it is, and which figures are faster than their hardware allows.
"""

from __future__ import annotations

from pathlib import Path

from devbench.cli.hardware import hardware_limits
from devbench.domain.figure import Figure
from devbench.domain.limits import Limit
from devbench.limits import Limits
from devbench.plugin.manager import Plugins
from devbench.report.numbers import bare_figure_text, milliseconds
from devbench.report.words import limit_word
from devbench.store.results_file import read_results

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results" / "published"
TABLE = Path(__file__).with_suffix(".md")
HEADER = "| model | system | figure | wall and share | least time | compute | memory | link | streamed |"


def open_limits() -> Limits:
    plugins = Plugins()
    plugins.load_entry_points()
    return hardware_limits(plugins)


def published_limits(limits: Limits, path: Path) -> list[tuple[Figure, Limit]]:
    return [(figure, limit) for figure in read_results(path) if (limit := limits.of(figure))]


def table(found: list[tuple[Figure, Limit]]) -> list[str]:
    known = sorted((one for one in found if one[1].walls), key=lambda one: -(one[1].share or 0))
    lines = [HEADER, "|---|---|--:|---|--:|--:|--:|--:|--:|"]
    for figure, limit in known:
        walls = [limit.named(name) for name in ("compute", "memory", "link")]
        times = [milliseconds(wall.least_ms) if wall else "" for wall in walls]
        streamed = f"{walls[2].weight_bytes / 1e6:.1f} MB" if walls[2] and walls[2].weight_bytes else ""
        word = f"**{limit_word(limit)}** ({limit.share:.0%})" if limit.below else limit_word(limit)
        cells = (f"{figure['model']} {figure.input_size}".strip(), figure.device, bare_figure_text(figure), word)
        lines.append(f"| {' | '.join((*cells, milliseconds(limit.least_ms or 0), *times, streamed))} |")
    return lines


def reasons(found: list[tuple[Figure, Limit]]) -> list[str]:
    counts: dict[str, int] = {}
    for _, limit in found:
        for text in limit.unknown if not limit.walls else limit.assumed:
            counts[text] = counts.get(text, 0) + 1
    return [f"- {text} ({count} figures)" for text, count in counts.items()]


def main() -> None:
    limits = open_limits()
    lines = [
        "# Physical limits of the published figures",
        "",
        "Made by `benchmarks/limits.py`; [what it means](../docs/limits.md). Times in ms, each wall alone; the nearest",
        "to its limit first. No peak is of a CPU here: nobody measured those machines with devbench.",
        "",
    ]
    for path in sorted(PUBLISHED.glob("*.csv")):
        found = published_limits(limits, path)
        known = [limit for _, limit in found if limit.walls]
        below = sum(limit.below for limit in known)
        lines += [
            f"## {path.stem}",
            "",
            f"{len(known)} of {len(found)} figures have a known limit; {below} below it.",
            "",
        ]
        lines += [*(table(found) if known else ()), "", *reasons(found), ""]
        print(f"{path.stem}: {len(known)} of {len(found)} known, {below} below")
    TABLE.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
