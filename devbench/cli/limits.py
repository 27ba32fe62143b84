"""`devbench limits`: the least time that the hardware allows, which wall that is, and how near the figures are."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from devbench.cli.hardware import hardware_limits
from devbench.cli.output import write_output
from devbench.cli.paths import PATH
from devbench.cli.setup import load_plugins, warn
from devbench.cli.terminal import open_console
from devbench.compare.overview import Overview
from devbench.domain.limits import Limit
from devbench.errors import DevbenchError
from devbench.limits import Limits
from devbench.printable import one_line
from devbench.report.limits import (
    below_sentences,
    file_sentences,
    file_table,
    lag_sentences,
    limit_lines,
    limits_tables,
    peak_lines,
    summary_sentence,
    unknown_lines,
)
from devbench.report.markdown import markdown
from devbench.report.table import Table
from devbench.report.terminal import print_tables
from devbench.sources.paths import MODELS
from devbench.sources.sources import open_sources

EXIT_FAIL_ON = 4


@click.command()
@click.argument("sources", nargs=-1, type=PATH, metavar="[RUN|MODEL|CSV]...")
@click.option("--format", "style", type=click.Choice(["table", "markdown", "csv", "json"]), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", type=PATH, help="Write to this file instead of the terminal.")
@click.option("--verbose", "-v", is_flag=True, help="Print every wall of every figure, and the peaks' sources.")
@click.option("--fail-on", type=click.Choice(["below"]), help="Exit with 4 if a figure is below its physical limit.")
def command(
    sources: tuple[Path, ...], style: str, as_json: bool, out: Path | None, verbose: bool, fail_on: str | None
) -> int:
    """Show the physical limit of each figure of runs and CSVs, or of model files on every device that is known.

    Without an argument: the peaks that the limits are made of, each with its source.
    """
    plugins = load_plugins()
    warn(plugins.broken)
    limits = hardware_limits(plugins)
    style = "json" if as_json else style
    models = [path for path in sources if path.suffix.lower() in MODELS]
    if models and len(models) < len(sources):
        raise click.UsageError("Name model files, or runs and CSVs, not both.")
    if models:
        answer = _of_models(models, limits)
    elif sources:
        answer = _of_figures(sources, limits)
    else:
        answer = _of_peaks(limits)
    _show(answer, style, out, verbose=verbose)
    warn(plugins.troubles)
    return EXIT_FAIL_ON if fail_on and answer.below else 0


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """Sentences, then tables; the same as plain data.

    lines: instead of the tables on a terminal; empty where the tables are short. notes: below them.
    below: how many figures are below their limit.
    """

    sentences: Sequence[str]
    tables: Sequence[Table] = ()
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()
    data: Any = None
    below: int = 0


def _show(answer: _Answer, style: str, out: Path | None, *, verbose: bool) -> None:
    if style == "table" and not out:
        console = open_console()
        for text in answer.sentences:
            console.print(Text(one_line(text)))
        if answer.sentences and answer.tables:
            console.print()
        if verbose or not answer.lines:
            print_tables(answer.tables, console)
            return
        for text in answer.lines:
            console.print(Text(one_line(text)), soft_wrap=True)
        console.print()
        for text in answer.notes:
            console.print(Text(one_line(f"• {text}")))
        return
    if style == "json":
        text = json.dumps(answer.data, indent=2, ensure_ascii=False) + "\n"
    elif style == "csv":
        text = _csv(answer.data)
    else:
        text = markdown(answer.tables, answer.sentences)
    if out:
        write_output(out, text)
    else:
        sys.stdout.write(text)


def _csv(data: Sequence[dict[str, Any]]) -> str:
    import csv
    import io

    columns = list(dict.fromkeys(name for one in data for name in one))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: "" if one.get(name) is None else _cell(one[name]) for name in columns} for one in data)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _of_models(paths: Sequence[Path], limits: Limits) -> _Answer:
    sentences: list[str] = []
    tables, data = [], []
    for path in paths:
        if path.suffix.lower() != ".tflite":
            raise DevbenchError(f"{path}: only .tflite files can be read here", "Convert it to .tflite first.")
        found = limits.of_file(path)
        sentences += file_sentences(path.name, found)
        tables.append(file_table(path.name, found))
        data += [{"model": str(path), "device": one.device, "of": one.of, **_plain(one.limit)} for one in found]
    return _Answer(sentences=sentences, tables=tables, data=data)


def _of_figures(sources: Sequence[Path], limits: Limits) -> _Answer:
    found = open_sources(sources)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    overview = found.overview(limit=limits.of)
    below = list(below_sentences(overview))
    sentences = [summary_sentence(overview), *lag_sentences(overview), *below]
    return _Answer(
        sentences=[one for one in sentences if one],
        tables=limits_tables(overview, empty=True),
        lines=limit_lines(overview),
        notes=[
            *unknown_lines(overview),
            "≥: the least time that the hardware allows. Every wall, and the sources of the peaks: --verbose.",
        ],
        data=_rows(overview),
        below=len(below),
    )


def _of_peaks(limits: Limits) -> _Answer:
    known = limits.known_peaks()
    data = [{"device": device, **asdict(peak)} for device, peaks in known.items() for peak in peaks]
    return _Answer(sentences=peak_lines(known), data=data)


def _rows(overview: Overview) -> list[dict[str, Any]]:
    return [
        {
            "source": figure["source"],
            "case": figure["case"],
            "model": figure["model"],
            "input_shape": figure["input_shape"],
            "device": figure["device"],
            "place": figure["place"],
            "precision": figure["precision"],
            **_plain(limit),
        }
        for figure, limit in overview.limits.items()
    ]


def _plain(limit: Limit) -> dict[str, Any]:
    """A limit as flat data; None is "not known"."""
    found: dict[str, Any] = {
        "time_ms": limit.time_ms,
        "least_ms": limit.least_ms,
        "wall": limit.wall.name if limit.wall else None,
        "share": limit.share,
        "below": limit.below,
        "macs": limit.work.macs,
        "weight_bytes": limit.work.weight_bytes,
    }
    for name in ("compute", "memory", "link"):
        wall = limit.named(name)
        found[f"{name}_ms"] = wall.least_ms if wall else None
        found[f"{name}_amount"] = wall.amount if wall else None
        found[f"{name}_peak_per_s"] = wall.peak.per_s if wall else None
        found[f"{name}_peak_source"] = wall.peak.source if wall else None
    return {**found, "work_source": limit.work.source, "assumed": limit.assumed, "unknown": limit.unknown}
