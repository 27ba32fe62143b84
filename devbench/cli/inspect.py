"""`devbench inspect`: what is this file, what stands in its way, what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from devbench.cli.app import show_error
from devbench.cli.paths import PATH
from devbench.cli.screen import screen_width, show
from devbench.cli.setup import load_plugins, open_maker, warn
from devbench.domain.model import TensorSpec
from devbench.errors import DevbenchError
from devbench.pipeline.inspection import Inspection, Target, inspect_source, shape_text
from devbench.report.numbers import count_of
from devbench.report.screen import ScreenLine, aligned, marked, wrapped

EXIT_UNREADABLE, EXIT_IN_THE_WAY = 1, 4
_MOST_ENDS = 8


@click.command()
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="SOURCE...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(sources: tuple[Path, ...], as_json: bool) -> int:
    """Say of each SOURCE, a network in any form, what it is, what stands in its way, and what to do.

    Keras, SavedModel, frozen graph, TensorFlow Lite, ONNX, PyTorch; folders and zips of exports. Nothing of it is run.
    Exits with 4 if it cannot be measured with what is installed here, with 1 if it cannot be read.
    """
    plugins = load_plugins()
    warn(plugins.broken)
    maker = open_maker(plugins)
    status, plain = 0, {}
    for path in sources:
        try:
            found = inspect_source(path, maker, plugins.registry.runtimes)
        except DevbenchError as error:
            status = max(status, EXIT_UNREADABLE) if status != EXIT_IN_THE_WAY else status
            plain[str(path)] = {"error": error.message, "hint": error.hint}
            if not as_json:
                show_error(error)
            continue
        plain[str(path)] = _plain(found)
        status = status if found.measurable else EXIT_IN_THE_WAY
        if not as_json:
            show(_lines(path, found))
    if as_json:
        print(json.dumps(plain, indent=2))
    return status


def _lines(path: Path, found: Inspection) -> Iterator[ScreenLine]:
    width = screen_width()
    yield from wrapped(f"{path}: {found.source.title}. {_answer(found)}", width, "bold", indent="  ")
    for one in found.obstacles:
        mark = "no" if one.fatal else "note"
        yield from marked(mark, one.text, one.hint, width, "red" if one.fatal else "yellow")
    told: set[str] = set()
    for target in found.targets:
        good = not target.missing
        hint = "" if target.hint in told else target.hint
        told.add(hint)
        yield from marked("yes" if good else "missing", _way(target), hint, width, "green" if good else "yellow")
    rows = list(_facts(found))
    if rows:
        yield ()
        yield from aligned(("", ""), rows, width)[1:]
    if found.measurable:
        yield ()
        yield from wrapped(f"In a suite: {_entry(path, found)}", width, indent="  ")


def _answer(found: Inspection) -> str:
    fatal = sum(one.fatal for one in found.obstacles)
    if fatal:
        return f"It cannot be measured: {count_of(fatal, 'thing')} in the way."
    if not found.targets:
        return "It cannot be measured: no converter here takes it, and no runtime loads it."
    ready = [one for one in found.targets if not one.missing]
    if not ready:
        return "It cannot be measured yet: a converter is missing."
    asis = [one for one in ready if not one.way]
    names = " and ".join(dict.fromkeys(one.precision for one in ready if one.precision))
    return (
        f"It can be measured as it is ({names})."
        if asis and len(asis) == len(ready)
        else f"It can be measured in {names}."
    )


def _way(target: Target) -> str:
    how = "as it is" if not target.way else f"made by {', then '.join(target.way)}"
    pictures = ", with calibration pictures" if target.needs_pictures else ""
    missing = f"; {target.missing}" if target.missing else ""
    return f"{target.precision} in .{target.format}, {how}{pictures}: for {', '.join(target.runtimes)}{missing}"


def _facts(found: Inspection) -> Iterator[tuple[str, str]]:
    source = found.source
    if source.export:
        yield "export", f"{source.export}: {source.path.name}"
    for name, ends in (("inputs", source.inputs), ("outputs", source.outputs)):
        if ends:
            more = f", and {len(ends) - _MOST_ENDS} more" if len(ends) > _MOST_ENDS else ""
            yield name, ", ".join(map(_end, ends[:_MOST_ENDS])) + more
    yield "prepare", str(source.preparation) if source.preparation else "not in the file: say it in the suite"
    yield "labels", f"{len(source.labels)}: {', '.join(source.labels[:3])}, …" if source.labels else "not in the file"
    yield from ((name, value) for name, value in source.about.items() if value)


def _end(spec: TensorSpec) -> str:
    known = spec.shape or spec.dtype != "unknown"
    return f"{spec.name} {spec.dtype} {shape_text(spec.shape)}".strip() if known else spec.name


def _entry(path: Path, found: Inspection) -> str:
    parts = [f"name: {_name(path)}", f"source: {path}"]
    ready = [one for one in found.targets if not one.missing]
    if found.source.preparation is None:
        parts.append("prepare: {mean: 127.5, std: 127.5}")
    if any(one.needs_pictures for one in ready):
        parts += ["calibrate: {images: FOLDER, count: 100}", "precision: [float32, int8]"]
    return "{" + ", ".join(parts) + "}"


def _name(path: Path) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in path.resolve().stem).strip("_") or "mine"


def _plain(found: Inspection) -> dict[str, Any]:
    source = asdict(found.source)
    source["path"] = str(found.source.path)
    source["files"] = [str(one) for one in found.source.files]
    return {
        "measurable": found.measurable,
        "title": found.source.title,
        **source,
        "obstacles": [asdict(one) for one in found.obstacles],
        "targets": [asdict(one) for one in found.targets],
    }
