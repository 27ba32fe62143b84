"""The physical limits in words and as a table: which wall, how near, and why some models gain less than others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from devbench.compare.grid import Grid, Row, System
from devbench.compare.limits import Lag
from devbench.compare.overview import Overview
from devbench.domain.figure import Figure
from devbench.domain.limits import WALLS, DeviceLimit, Limit, Peak, Wall, WallName
from devbench.report.notes import sentence
from devbench.report.numbers import bare_figure_text, listed, milliseconds
from devbench.report.table import CellLine, Table, TableCell, text_cell
from devbench.report.words import limit_word, near_text, row_name, short_row_names

_GIGA, _TERA = 1e9, 1e12
HOW = "not known: `devbench doctor --peaks` there measures a CPU"
_WHERE = {"compute": "at the peak", "memory": "from memory at least", "link": "over the link at least"}


def lag_sentences(overview: Overview) -> Iterator[str]:
    """Two sentences on the first device that holds models up at its link, one on each of which the same holds."""
    told: Lag | None = None
    for lag in overview.lags:
        if told and (lag.slow, lag.fast, lag.baseline) == (told.slow, told.fast, told.baseline):
            yield (
                f"The same holds on {lag.system.name}: {_times(lag.times)} as long, and the link alone takes"
                f" {milliseconds(lag.link.least_ms)} of the {milliseconds(lag.slow_ms)} ms."
            )
        elif told is None:
            yield from _lag(lag)
            told = lag


def _lag(lag: Lag) -> Iterator[str]:
    names = short_row_names(tuple(dict.fromkeys([lag.slow, lag.fast, *lag.others])))
    slow, fast = names[lag.slow], names[lag.fast]
    yield (
        f"{slow} takes {_times(lag.times)} as long as {fast} on {lag.system.name}, but only"
        f" {_times(lag.times_before)} on {lag.baseline.name}: its weights do not fit into the accelerator's memory, so"
        f" {_bytes(lag.link.weight_bytes)} of them travel over the link with every inference."
    )
    chip = f", and the chip could compute it in {milliseconds(lag.compute_ms)} ms" if lag.compute_ms else ""
    same = f" The same holds for {listed([names[row] for row in lag.others])}." if lag.others else ""
    yield (
        f"That alone takes at least {milliseconds(lag.link.least_ms)} of the {milliseconds(lag.slow_ms)} ms{chip}: the"
        f" link is the limit, not the chip.{same}"
    )


def below_sentences(overview: Overview) -> Iterator[str]:
    """Each figure that is faster than its hardware allows."""
    for one in overview.standing.below:
        wall = one.limit.wall
        assert wall is not None
        yield (
            f"{row_name(one.row)} on {one.system.name} is below its limit: {bare_figure_text(one.figure)} is less than"
            f" the {milliseconds(wall.least_ms)} ms that its {_amount(wall)} take {_WHERE[wall.name]}."
            f" {_suspicion(one.limit)}"
        )


def _suspicion(limit: Limit) -> str:
    if limit.wall and limit.wall.peak.measured:
        return "The peak was measured too low: measure it again on a quiet machine, `devbench doctor --peaks`."
    if limit.wall and limit.wall.name == "compute" and limit.work.precision != "int8":
        return (
            "Either the figure is wrong, or it is of another network, or its convolutions are computed with fewer"
            " multiplications (Winograd), which the limit does not count on."
        )
    return "Either the figure is wrong, or it is of another network than its name says."


def limits_tables(overview: Overview, *, empty: bool = False) -> list[Table]:
    """Every figure with its limit: one table for the run or what stands side by side, one for each file.

    empty: also where no limit is known, with the reasons.
    """
    if not any(one.walls for one in overview.limits.values()) and not empty:
        return []
    grids = {"": overview.grid} if overview.runs or len(overview.files) == 1 else overview.files
    return [table for name, grid in grids.items() if (table := _table(overview, name, grid))]


def limit_lines(overview: Overview) -> list[str]:
    """Every figure whose limit is known, in lines under its model: for a terminal, where no name is to be cut."""
    rows = [
        (
            row_name(one.row),
            one.system.name,
            bare_figure_text(one.figure),
            limit_word(one.limit),
            f"≥ {least_text(one.limit)}",
        )
        for one in overview.standing.known
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    lines: list[str] = []
    model = ""
    for row in rows:
        if row[0] != model:
            model = row[0]
            lines.append(model)
        cells = [row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3].ljust(widths[3]), row[4]]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def unknown_lines(overview: Overview) -> list[str]:
    """What is not known, and what had to be supposed, each once."""
    counts: dict[str, int] = {}
    shown = [figure for grid in _grids(overview) for _, _, figure in _figures(grid)]
    for limit in (overview.limits[figure] for figure in shown if figure in overview.limits):
        for text in (*limit.unknown, *(limit.assumed if limit.walls else ())):
            counts[text] = counts.get(text, 0) + 1
    return [_counted(text, count) for text, count in counts.items()]


def _table(overview: Overview, name: str, grid: Grid) -> Table | None:
    rows: list[tuple[TableCell, ...]] = []
    peaks: dict[str, None] = {}
    unknown: dict[str, int] = {}
    assumed: dict[str, int] = {}
    last = ""
    for row, system, figure in _figures(grid):
        limit = overview.limits.get(figure)
        if limit is None:
            continue
        for text in limit.unknown:
            unknown[text] = unknown.get(text, 0) + 1
        if not limit.walls:
            continue
        for text in limit.assumed:
            assumed[text] = assumed.get(text, 0) + 1
        peaks |= dict.fromkeys(peak_text(wall.peak) for wall in limit.walls)
        model = row_name(row)
        rows.append(
            (
                TableCell(lines=text_cell(model).lines, repeated=model == last),
                text_cell(system.name),
                TableCell(lines=(CellLine(text=bare_figure_text(figure)),), sort=limit.time_ms, unit="ms"),
                TableCell(lines=(CellLine(text=least_text(limit)),), sort=limit.least_ms, unit="ms"),
                TableCell(
                    lines=(CellLine(text=near_text(limit), kind="failed" if limit.below else ""),), sort=limit.share
                ),
                *(_wall_cell(limit.named(name)) for name in WALLS),
            )
        )
        last = model
    if not rows and not unknown:
        return None
    notes = [*peaks, *(_counted(text, count) for text, count in assumed.items())]
    notes += [_counted(text, count) for text, count in unknown.items()]
    return Table(
        title=f"The least time that the hardware allows{f': {name}' if name else ''}",
        header=("model", "device", "figure", "least time", "how near", *WALLS),
        rows=tuple(rows),
        notes=tuple(notes),
        grouped=True,
        source=name,
    )


def _counted(text: str, count: int) -> str:
    text = sentence(text[:1].upper() + text[1:])
    return text if count == 1 else f"{text} ({count} figures)"


def least_text(limit: Limit) -> str:
    """`69.46 ms`; `69.46 ms and more` where something is not counted."""
    if limit.least_ms is None:
        return "unknown"
    return f"{milliseconds(limit.least_ms)} ms{'' if limit.work.complete else ' and more'}"


def _wall_cell(wall: Wall | None) -> TableCell:
    """What this wall alone takes, and what has to pass it."""
    if wall is None:
        return TableCell()
    lines = (f"{milliseconds(wall.least_ms)} ms", _amount(wall))
    return TableCell(lines=tuple(CellLine(text=text) for text in lines), sort=wall.least_ms, unit="ms")


def peak_text(peak: Peak) -> str:
    """`Peak of USB 3: 500 MB/s over the link (typically 450). Source: …`."""
    of = f" of {peak.of}" if peak.of else ""
    threads = f", {peak.threads} thread{'s' if peak.threads > 1 else ''}" if peak.threads else ""
    precision = f" in {peak.precision}" if peak.precision else ""
    typical = f" (at best {_rate(peak.wall, peak.typical_per_s)} in practice)" if peak.typical_per_s else ""
    keeps = f"; {_bytes(peak.keeps_bytes)} of weights stay on the other side" if peak.keeps_bytes else ""
    return (
        f"Peak{of}, {peak.wall}{precision}{threads}: {_rate(peak.wall, peak.per_s)}{typical}{keeps}."
        f" Source: {peak.source}."
    )


def _rate(wall: WallName, per_s: float) -> str:
    if wall == "compute":
        return f"{per_s / _TERA:.3g} TOPS" if per_s >= _TERA else f"{per_s / _GIGA:.3g} GOPS"
    return f"{per_s / _GIGA:.3g} GB/s" if per_s >= _GIGA else f"{per_s / 1e6:.3g} MB/s"


def _amount(wall: Wall) -> str:
    """`24.5 G operations`, `34.7 MB`."""
    return f"{_operations(wall.amount)} operations" if wall.name == "compute" else _bytes(wall.amount)


def _operations(number: int) -> str:
    return f"{number / _GIGA:.3g} G" if number >= _GIGA else f"{number / 1e6:.3g} M"


def _bytes(number: int) -> str:
    if number >= 10**6:
        return f"{number / 1e6:.3g} MB"
    return f"{number / 1e3:.3g} kB" if number >= 10**3 else f"{number} bytes"


def _times(value: float) -> str:
    return f"{value:.0f}×" if value >= 10 else f"{value:.1f}×"  # noqa: PLR2004 - two digits


def _grids(overview: Overview) -> Sequence[Grid]:
    return [overview.grid] if overview.runs or not overview.files else list(overview.files.values())


def _figures(grid: Grid) -> Iterator[tuple[Row, System, Figure]]:
    for row in grid.rows:
        for system, cell in grid.row(row).items():
            if cell.figure.has_value:
                yield row, system, cell.figure


def summary_sentence(overview: Overview) -> str:
    """How many limits are known, and which figure is nearest to its own."""
    standing = overview.standing
    if not standing.known:
        return "No figure has a physical limit that is known here: the notes say what is missing."
    of = f"{len(standing.known)} of {standing.total} figures have" if standing.total > 1 else "It has"
    text = f"{of} a known physical limit."
    near = standing.nearest
    return f"{text} The nearest: {row_name(near.row)} on {near.system.name}, {near_text(near.limit)}." if near else text


def file_sentences(name: str, found: Sequence[DeviceLimit]) -> list[str]:
    """Of a model file: where it may be fastest and slowest, and what is sent with every inference."""
    known = sorted((one for one in found if one.limit.least_ms is not None), key=lambda one: one.limit.least_ms or 0)
    if not known:
        return [f"No limit of {name} is known: no device has peaks for it."]
    ends = [known[0], known[-1]] if len(known) > 1 else known
    texts = [
        f"{least_text(one.limit)} on {_device_name(one)} ({one.limit.wall.name})" for one in ends if one.limit.wall
    ]
    sentences = [f"{name} takes at least {' and '.join(texts)}."]
    links = [wall for one in known if (wall := one.limit.named("link")) and wall.weight_bytes]
    if links:
        sent = max(links, key=lambda wall: wall.least_ms)
        sentences.append(
            f"Not all of its weights fit into an accelerator's memory: {_bytes(sent.weight_bytes)} travel with every"
            " inference."
        )
    return sentences


def file_table(name: str, found: Sequence[DeviceLimit]) -> Table:
    """Of a model file: each device with its walls."""
    rows: list[tuple[TableCell, ...]] = []
    unknown: dict[str, None] = {}
    for one in found:
        unknown |= dict.fromkeys(f"{_device_name(one)}: {text}" for text in one.limit.unknown)
        rows.append(
            (
                text_cell(_device_name(one)),
                TableCell(lines=(CellLine(text=least_text(one.limit)),), sort=one.limit.least_ms, unit="ms"),
                *(_wall_cell(one.limit.named(name)) for name in WALLS),
            )
        )
    return Table(
        title=f"{name}: the least time that the hardware allows",
        header=("device", "least time", *WALLS),
        rows=tuple(rows),
        notes=("`devbench limits` has the peaks and their sources.", *unknown),
    )


def peak_lines(known: Mapping[str, Sequence[Peak]]) -> list[str]:
    """Every peak with its source, by device."""
    return [f"{device}: {peak_text(peak)}" for device, peaks in known.items() for peak in peaks] + [
        f"{device}: {HOW}." for device, peaks in known.items() if not peaks
    ]


def _device_name(one: DeviceLimit) -> str:
    return f"{one.device}, {one.of}" if one.of else one.device
