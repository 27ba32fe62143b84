"""Reads a suite: YAML, then types, then what one part says of another; all mistakes in one error."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from devbench.domain.case import ALL_RUNTIMES, Option
from devbench.domain.option import spec_of
from devbench.errors import SuiteError
from devbench.suites.format import KEYS, Suite, device_entry
from devbench.suites.measure import MeasureFormat, contradictions, measure_entry
from devbench.suites.mistakes import note_mistakes
from devbench.suites.names import nearest
from devbench.suites.strict import KnownNames
from devbench.suites.yaml_file import YamlFile, YamlPath, parse_yaml, read_yaml

_MOST_COMBINATIONS = 1000
_HINT = "docs/suites.md shows what a suite looks like."


def read_suite(path: Path, known: KnownNames) -> Suite:
    """The suite in the file at `path`; a `SuiteError` lists every mistake with line and column."""
    return _checked(read_yaml(path, _HINT), known)


def parse_suite(text: str, name: str, known: KnownNames) -> Suite:
    """The suite in `text`; `name` is what mistakes call it."""
    return _checked(parse_yaml(text, name), known)


def _checked(file: YamlFile, known: KnownNames) -> Suite:
    if isinstance(file.data, dict) and "places" in file.data and "models" not in file.data:
        raise SuiteError(f"{file.name}: this is a lab file, and not a suite", _HINT)
    suite: Suite | None = None
    _flatten_device_places(file)
    try:
        suite = Suite.model_validate(file.data, context=known)
    except ValidationError as error:
        note_mistakes(file, error, KEYS)
    if isinstance(file.data, dict):
        _check_devices(file, known)
        _check_measure(file)
        _check_names(file)
    file.raise_mistakes()
    assert suite is not None, "a suite is there if no mistake is"
    return suite


def _flatten_device_places(file: YamlFile) -> None:
    """`{coral-usb: {threads: 2}}` is validated as one flat mapping: let the places follow."""
    for path, place in list(file.places.items()):
        match path:
            case ("devices", int(index), str(), *rest) if rest and rest[0] != "<key>":
                file.places.setdefault(("devices", index, *rest), place)
                file.places.setdefault(("devices", index, "options", *rest), place)
            case ("devices", int(index), str(key), *rest):
                file.places.setdefault(("devices", index, "options", key, *rest), place)


def _check_devices(file: YamlFile, known: KnownNames) -> None:
    """Runtimes and options against what the plugins know; each mistake by itself, so here and not in the types."""
    entries = file.data.get("devices")
    for index, raw in enumerate(entries if isinstance(entries, list) else ()):
        entry = device_entry(raw)
        drivers = known.devices.get(str(entry.get("name"))) if isinstance(entry, dict) else None
        if drivers is None:
            continue
        asked = entry.get("runtime", list(drivers))
        asked = asked if isinstance(asked, list) else [asked]
        asked = list(drivers) if asked == [ALL_RUNTIMES] else asked
        for runtime in asked:
            if isinstance(runtime, str) and runtime not in drivers:
                file.complain(
                    ("devices", index, "runtime"),
                    f"unknown runtime '{runtime}' for {entry['name']}{nearest(runtime, drivers)}",
                )
        if (count := math.prod(len(values) for values in entry["options"].values())) > _MOST_COMBINATIONS:
            text = f"these options have {count} combinations; at most {_MOST_COMBINATIONS} can be measured"
            file.complain(("devices", index), text)
        defaults = {name: one for runtime in drivers for name, one in known.options.get(runtime, {}).items()}
        for option, values in entry["options"].items():
            path = ("devices", index, "options", option)
            if option not in defaults:
                text = f"unknown option '{option}' of {entry['name']}{nearest(option, sorted(defaults))}"
                file.complain((*path, "<key>"), text)
            elif text := _wrong_values(values, option, asked, known):
                file.complain(path, text)


def _wrong_values(values: list[Any], option: str, runtimes: list[Any], known: KnownNames) -> str:
    """Why no runtime that may be meant takes one of the values; "" if one does."""
    having = [name for name in map(str, runtimes) if option in known.options.get(name, {})]
    for value in (one for one in values if isinstance(one, str | int | float | bool)):
        texts = [_wrong_value(known, name, option, value) for name in having]
        if texts and all(texts):
            return texts[0]
    return ""


def _wrong_value(known: KnownNames, runtime: str, option: str, value: Option) -> str:
    why = spec_of(option, known.options[runtime][option]).problem(value)
    return f"'{option}' {why}" if why else known.wrong_option(runtime, option, value)


def _check_measure(file: YamlFile) -> None:
    """Settings that contradict each other, where they are settings at all."""
    try:
        measure = MeasureFormat.model_validate(measure_entry(file.data.get("measure", {})))
    except ValidationError:
        return
    for key, text in contradictions(measure.settings(budgeted=measure.budget is not None)):
        file.complain(("measure", key), text)


def _check_names(file: YamlFile) -> None:
    """What one part of the suite says of another; read from the raw data, so it is checked beside other mistakes."""
    models = _names(file.data.get("models"))
    counts: Counter[str] = Counter()
    for index, name in models:
        counts[name] += 1
        if counts[name] == 2:  # noqa: PLR2004 - the second one is where it stands twice
            file.complain(("models", index), f"model '{name}' is listed twice: give one another name")
    _check_against(file, tuple(name for _, name in models))
    compare = file.data.get("compare")
    if not isinstance(compare, dict):
        return
    names = tuple(name for _, name in models)
    between = compare.get("between_models")
    for index, name in enumerate(between if isinstance(between, list) else ()):
        if isinstance(name, str) and name not in names:
            file.complain(
                ("compare", "between_models", index),
                f"'{name}' is not a model of this suite{nearest(name, names)}",
            )
    baseline = compare.get("baseline")
    devices = tuple(name for _, name in _names(file.data.get("devices")))
    if isinstance(baseline, str) and baseline not in devices:
        file.complain(
            ("compare", "baseline"), f"'{baseline}' is not a device of this suite{nearest(baseline, devices)}"
        )


def _check_against(file: YamlFile, names: tuple[str, ...]) -> None:
    """The model that a `test:` names as its source is one of the suite."""
    entries = file.data.get("models")
    paths: list[tuple[YamlPath, Any]] = [(("test",), file.data)]
    paths += [(("models", k, "test"), one) for k, one in enumerate(entries if isinstance(entries, list) else ())]
    for path, holder in paths:
        test = holder.get("test") if isinstance(holder, dict) else None
        against = test.get("against") if isinstance(test, dict) else None
        if isinstance(against, str) and against and against not in names:
            text = f"'{against}' is not a model of this suite{nearest(against, names)}"
            file.complain((*path, "against"), text)


def _names(entries: Any) -> list[tuple[int, str]]:
    """Index and name of each entry that has one, in any of the ways an entry may be written."""
    found = []
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry
        if isinstance(entry, dict):
            name = entry.get("name") or (next(iter(entry)) if len(entry) == 1 else None)
        if isinstance(name, str):
            found.append((index, name))
    return found
