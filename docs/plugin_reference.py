"""Writes docs/plugin-reference.md from the docstrings of what a plugin imports, and of all that it meets there.

uv run python docs/plugin_reference.py > docs/plugin-reference.md
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import devbench
from devbench import hookspecs, testing
from devbench.domain import ranges

WRITTEN = ("Device", "Runtime", "Converter", "EngineFile", "OptionSpec", "Install", "Prepared", "Traits")
HEAD = """# Plugin reference

Made from docstrings by `docs/plugin_reference.py`; do not edit. [Writing a plugin](plugins.md) explains it, and
[the tutorial](plugin-tutorial.md) builds one."""
# What has no docstring: names of types, and a decorator.
WORDS = {
    "Answer": "`Callable[[list[array]], list[array]]`: the right outputs for these inputs, in the order of the file.",
    "Channels": "`float | tuple[float, ...]`: one number for all channels of a picture, or one for each.",
    "Fetch": "`Callable[[str, Path], Path]`: gets a source and an empty folder, writes the file, and returns its path.",
    "Floats": "A numpy array of float32.",
    "Fraction": "A number from 0 to 1.",
    "Nanoseconds": "A numpy array of int64.",
    "Option": "`str | int | float | bool`: a value of an option of a runtime.",
    "Outcome": "`Measured | Skipped | Failed`.",
    "Quantization": "How the numbers of a file were quantized. `none`: floats only. `as-made`: as whoever made the file"
    " quantized it. `requantized`: devbench or a plugin has quantized it anew for a runtime that takes no other way."
    " `unknown`: nobody has looked into the file.",
    "Quality": '`kept`, `lost` or `undecided`; "" where nobody asked.',
    "Severity": "`suspect` or `contaminated`.",
    "Sha256OrEmpty": 'Text: a SHA-256 in hexadecimal digits, or "".',
    "Signed": "A number from -1 to 1.",
    "Time": "Text: a time as ISO 8601, with its offset from UTC.",
    "TimeOrEmpty": 'The same, or "".',
    "WallName": "`compute`, `memory` or `link`.",
    "hookimpl": "Marks a function as a [hook](#hooks): `@hookimpl` above it. `@hookimpl(wrapper=True)` is for"
    " `devbench_run_round` alone. A function without it is never called.",
}
_LONGEST_DEFAULT = 40
_FORMATS_BOUND = 1e9


def main() -> None:
    """Entry point."""
    print(text())


def text() -> str:
    """The whole page."""
    members = {name: getattr(devbench, name) for name in devbench.__all__}
    tests = {name: getattr(testing, name) for name in testing.__all__}
    classes = {name: one for name, one in members.items() if inspect.isclass(one)}
    errors = {name: one for name, one in classes.items() if issubclass(one, Exception)}
    given = {name: classes[name] for name in sorted(set(classes) - set(WRITTEN) - set(errors))}
    met = {name: one for name, one in sorted(_met({**classes, **tests}).items()) if name not in {**members, **tests}}
    sections = {
        "What you write": {name: members[name] for name in WRITTEN},
        "What you give and are given": given,
        "What else you meet": met,
        "Errors": errors,
        "Functions": {name: one for name, one in sorted(members.items()) if inspect.isfunction(one)},
        "Hooks": {name: one for name, one in vars(hookspecs).items() if name.startswith("devbench_")},
        "devbench.testing": tests,
    }
    parts = [HEAD]
    for title, found in sections.items():
        if title == "What else you meet":
            parts += [
                f"## {title}",
                "Types of attributes above. `devbench` does not export them: you read them, and make none.",
            ]
        else:
            parts.append(f"## {title}")
        parts += [described(name, one) for name, one in found.items()]
        if title == "What else you meet":
            parts += _words()
    return "\n\n".join(parts)


def described(name: str, item: Any) -> str:
    """A class, function or hook with all that is said of it."""
    if inspect.isclass(item):
        lines = [f"### `{name}`", quoted(item)]
        lines.append("\n".join(f"* `{one}`" for one in _attributes(item)))
        for method, function in _methods(item).items():
            lines.append(f"**`{method}{_signature(function)}`** {quoted(function)}".rstrip())
        return "\n\n".join(line for line in lines if line)
    return f"### `{name}{_signature(item)}`\n\n{quoted(item)}"


def quoted(item: Any) -> str:
    """The docstring, its indented lists as they are."""
    found = inspect.getdoc(item) if item.__doc__ else ""
    if found and found.startswith(f"{item.__name__}("):
        return ""  # dataclasses write one where there is none
    return re.sub(r"\n+([a-z_][\w, ]*): ", r"\n\n\1: ", found or "").strip()


def _words() -> Iterator[str]:
    yield "## Names of types"
    listed = [f"* `{name}`: {told}" for name, told in WORDS.items()]
    listed += [
        f"* `{name}`: {_range(one)}"
        for name, one in sorted(vars(ranges).items())
        if get_args(one) and name not in WORDS
    ]
    yield "\n".join(listed)


def _range(kind: Any) -> str:
    """What an annotated type may be; bounds that only a file's format sets are left out."""
    plain, *limits = get_args(kind)
    words = {"ge": "at least", "gt": "more than", "le": "at most"}
    found = [(words[name], getattr(one, name)) for one in limits for name in words if hasattr(one, name)]
    bounds = [f"{word} {value:g}" for word, value in found if abs(value) < _FORMATS_BOUND]
    told = {int: "a whole number", float: "a number", str: "text"}[plain]
    return told + (f", {' and '.join(bounds)}" if bounds else "")


def _met(known: Mapping[str, type]) -> dict[str, type]:
    """Classes of devbench's own that the attributes of those `known` have, and theirs, by name."""
    found: dict[str, type] = {}
    waiting = [one for one in known.values() if dataclasses.is_dataclass(one)]
    while waiting:
        item = waiting.pop()
        names = vars(sys.modules[item.__module__])
        for field in dataclasses.fields(item):
            for word in re.findall(r"[A-Z]\w+", str(field.type)):
                for one in (names.get(word), *get_args(names.get(word))):
                    if inspect.isclass(one) and one.__module__.startswith("devbench.") and one.__name__ not in found:
                        found[one.__name__] = one
                        waiting.append(one)
    return found


def _attributes(item: type) -> list[str]:
    if dataclasses.is_dataclass(item):
        return [f"{one.name}: {one.type}{_default(one)}" for one in dataclasses.fields(item)]
    names = [name for name in inspect.get_annotations(item) if not name.startswith("_")]
    kinds = inspect.get_annotations(item)
    return [f"{name}: {str(kinds[name]).removeprefix('ClassVar[').removesuffix(']')}" for name in names]


def _default(field: Any) -> str:
    if field.default is not dataclasses.MISSING:
        return " = ..." if callable(field.default) else f" = {field.default!r}"
    return " = ..." if field.default_factory is not dataclasses.MISSING else ""


def _methods(item: type) -> dict[str, Any]:
    found = {name: one for name, one in vars(item).items() if not name.startswith("_")}
    functions = {name: getattr(one, "__func__", one) for name, one in found.items()}
    return {name: one for name, one in functions.items() if inspect.isfunction(one) and one.__doc__}


def _signature(function: Any) -> str:
    found = inspect.signature(function)
    parameters = [
        one.replace(default=...) if len(repr(one.default)) > _LONGEST_DEFAULT else one
        for one in found.parameters.values()
    ]
    text = str(found.replace(parameters=parameters)).replace("'", "").replace("devbench.domain.", "")
    return text.replace("Ellipsis", "...")


if __name__ == "__main__":
    main()
