"""Reads a YAML file as plain data and remembers where each value stands. Aliases are refused: they make bombs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from devbench.errors import SuiteError

YamlPath = tuple[str | int, ...]
LARGEST_FILE_BYTES = 1 << 20


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
            lines = [f"{self.name}:{line}:{column}: {text}" for (line, column), text in sorted(set(self.mistakes))]
            raise SuiteError("\n".join(lines))


def read_yaml(path: Path) -> YamlFile:
    """Read and parse the file at `path`."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise SuiteError(f"{path}: larger than 1 MiB, so it is hardly a suite")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror}", "See suites/ for examples.") from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path}: not UTF-8 text (byte {error.start})") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> YamlFile:
    """Parse `text`; `name` is what mistakes call it."""
    file = YamlFile(name=name, text=text)
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                file.mistakes.append((_position(event.start_mark), f"aliases (*{event.anchor}) are not supported"))
        file.raise_mistakes()
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        file.data = None if node is None else _convert(loader, node, (), file)
    except yaml.MarkedYAMLError as error:
        at = _position(error.problem_mark) if error.problem_mark else (1, 1)
        file.mistakes.append((at, f"not YAML: {error.problem or error}"))
    except (yaml.YAMLError, ValueError) as error:
        file.mistakes.append(((1, 1), f"not YAML: {error}"))
    except RecursionError:
        file.mistakes.append(((1, 1), "nested too deeply"))
    file.raise_mistakes()
    return file


def _convert(loader: yaml.SafeLoader, node: yaml.Node, path: YamlPath, file: YamlFile) -> Any:
    file.places[path] = _position(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        data: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                file.mistakes.append((_position(key_node.start_mark), "a key must be a word"))
                continue
            key = str(key_node.value)
            if key in data:
                file.mistakes.append((_position(key_node.start_mark), f"'{key}' stands here twice"))
            data[key] = _convert(loader, value_node, (*path, key), file)
            # A mistake about a key is found at the key, one about its value at the value: often one line apart.
            file.places[(*path, key, "<key>")] = _position(key_node.start_mark)
        return data
    if isinstance(node, yaml.SequenceNode):
        return [_convert(loader, item, (*path, index), file) for index, item in enumerate(node.value)]
    return loader.construct_object(node)


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1
