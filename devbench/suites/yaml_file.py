"""Reads a YAML file as plain data and remembers where each value stands.

The data is built from the parser's events, so what makes YAML dangerous or slow is refused before it costs anything:
aliases, tags of other types, deep nesting.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from devbench.errors import SuiteError
from devbench.files import read_regular

YamlPath = tuple[str | int, ...]
LARGEST_FILE_BYTES = 1 << 16  # a suite of a thousand models has 50 KiB; the slowest YAML of this size takes a second
_DEEPEST = 16
_MOST_MISTAKES = 50
_LARGEST_INTEGER = 2**63 - 1
_LONGEST_QUOTE = 60
_LONGEST_MISTAKE = 400
_CORE = "tag:yaml.org,2002:"
_NOT_STRINGS = {f"{_CORE}{name}" for name in ("null", "bool", "int", "float")}
_TAGS: dict[type[yaml.Event], set[str]] = {
    yaml.ScalarEvent: {*_NOT_STRINGS, f"{_CORE}str"},
    yaml.SequenceStartEvent: {f"{_CORE}seq"},
    yaml.MappingStartEvent: {f"{_CORE}map"},
}
_PLAIN_WORDS = {
    "<block end>": "this line is not indented like those that it belongs to",
    r"'\t'": "tabs are not allowed here: indent with spaces",
    "mapping values": "a colon is not allowed here: put quotes around text that has one",
    "',' or": "a comma or the closing bracket is missing before this",
}
# Control characters and halves of surrogate pairs: no name, path or address has them.
_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class _TooDeepError(Exception):
    """Raised while the events are read, since parsing deep nesting takes quadratic time."""

    def __init__(self, at: tuple[int, int]) -> None:
        super().__init__(at)
        self.at = at


@dataclass
class YamlFile:
    """A parsed file. places: (line, column), from 1, of each value by its path in the data."""

    name: str
    text: str
    data: Any = None
    places: dict[YamlPath, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[tuple[tuple[int, int], str]] = field(default_factory=list)

    def complain(self, path: YamlPath, message: str) -> None:
        """Note a mistake at `path`, or at the nearest place around it that is known."""
        while path and path not in self.places:
            path = path[:-1]
        self.mistakes.append((self.places.get(path, (1, 1)), message))

    def raise_mistakes(self) -> None:
        """A `SuiteError` with a line for each mistake, in the order of the file; nothing if there is none."""
        if self.mistakes:
            found = sorted(set(self.mistakes))
            lines = [
                f"{self.name}:{line}:{column}: {_cut(text, _LONGEST_MISTAKE)}"
                for (line, column), text in found[:_MOST_MISTAKES]
            ]
            more = len(found) - _MOST_MISTAKES
            raise SuiteError("\n".join([*lines, f"… and {more} more"] if more > 0 else lines))


def read_yaml(path: Path, hint: str = "") -> YamlFile:
    """Read and parse the file at `path`; `hint` says what to do where it cannot be read."""
    try:
        text = read_regular(path, LARGEST_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror}", hint) from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path}: not UTF-8 text (byte {error.start})", hint) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> YamlFile:
    """Parse `text`; `name` is what mistakes call it."""
    file = YamlFile(name=name, text=text)
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        at = before.count("\n") + 1, error.position - before.rfind("\n")
        file.mistakes.append((at, f"the character U+{error.character:04X} is not allowed in YAML"))
    else:
        _parse(loader, file)
    file.raise_mistakes()
    return file


def _parse(loader: yaml.SafeLoader, file: YamlFile) -> None:
    try:
        _Builder(loader, file).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark or loader.get_mark()
        file.mistakes.append((_position(mark), f"not YAML: {_in_plain_words(error.problem or error.context or '')}"))
    except (ValueError, OverflowError):
        file.mistakes.append((_position(loader.get_mark()), "not YAML: an escape or a version is out of range"))
    except _TooDeepError as error:
        file.mistakes.append((error.at, f"nested more than {_DEEPEST} levels deep"))


class _Builder:
    """Makes plain data of the parser's events; each method takes the events that belong to its value."""

    def __init__(self, loader: yaml.SafeLoader, file: YamlFile) -> None:
        self._loader = loader
        self._events: Iterator[yaml.Event] = iter(loader.get_event, None)
        self._file = file

    def build(self) -> None:
        """Fill in the file's data."""
        seen = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                seen += 1
                if seen > 1:
                    self._complain(event, "a second document begins here")
                    return
            elif isinstance(event, yaml.NodeEvent):
                self._file.data = self._value(event, ())

    def _value(self, event: yaml.Event, path: YamlPath) -> Any:
        at = self._file.places[path] = _position(event.start_mark)
        if len(path) > _DEEPEST:
            raise _TooDeepError(at)
        match event:
            case yaml.ScalarEvent():
                self._check(event)
                return self._scalar(event)
            case yaml.SequenceStartEvent():
                self._check(event)
                items = enumerate(self._until(yaml.SequenceEndEvent))
                return [self._value(item, (*path, index)) for index, item in items]
            case yaml.MappingStartEvent():
                self._check(event)
                return self._mapping(path)
        assert isinstance(event, yaml.AliasEvent)
        self._complain(event, f"aliases (*{event.anchor}) are not supported")
        return None

    def _mapping(self, path: YamlPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = ""
            if isinstance(event, yaml.ScalarEvent):
                self._check(event)
                key = event.value
            else:
                self._complain(event, "a key must be a word")
                self._value(event, (*path, key))
            if key in data:
                self._complain(event, f"'{key}' is given twice")
            data[key] = self._value(next(self._events), (*path, key))
            # A mistake about a key is found at the key, one about its value at the value: often one line apart.
            self._file.places[(*path, key, "<key>")] = _position(event.start_mark)
        return data

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        """The events that begin the parts of a list or mapping."""
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        tag = event.tag
        if tag in (None, "!"):
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        if tag not in _NOT_STRINGS:
            return event.value  # text, and dates too: no suite needs them as such
        try:
            value = self._loader.construct_object(yaml.ScalarNode(tag, event.value))
        except (ValueError, LookupError, yaml.YAMLError):
            self._complain(event, f"{short(event.value)} is not a valid {tag.removeprefix(_CORE)}")
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self._complain(event, f"{short(event.value)} is not a finite number")
        if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            self._complain(event, f"{short(event.value)} is too large for a whole number")
        return value

    def _check(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        """Refuse tags that make something else than plain data, and what is not text."""
        tag = event.tag
        if tag is not None and tag not in ("!", *_TAGS[type(event)]):
            self._complain(event, f"tags ({_written(tag)}) are not supported")
        if isinstance(event, yaml.ScalarEvent) and (found := _NOT_TEXT.search(event.value)):
            self._complain(event, f"the character U+{ord(found[0]):04X} is not allowed in a name or a path")

    def _complain(self, event: yaml.Event, message: str) -> None:
        self._file.mistakes.append((_position(event.start_mark), message))


def _in_plain_words(problem: str) -> str:
    return next((text for part, text in _PLAIN_WORDS.items() if part in problem), problem)


def _written(tag: str) -> str:
    return short(f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag).strip("'")


def short(value: Any) -> str:
    """A value as mistakes quote it: on one line, and not too long."""
    return _cut("empty" if value is None else repr(value), _LONGEST_QUOTE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1
