"""Turns what pydantic found into mistakes a person can mend: plain words, and the place in the file."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from devbench.suites.names import nearest
from devbench.suites.yaml_file import YamlFile, YamlPath, short

Keys = Mapping[tuple[str, ...], tuple[str, ...]]
_WORDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
}


def note_mistakes(file: YamlFile, error: ValidationError, keys: Keys) -> None:
    """Note every mistake of `error` in `file`; `keys` are those a mapping may have, by the key it stands under."""
    for detail in error.errors(include_url=False):
        file.complain(_where(detail), _what(detail, keys))


def _where(detail: ErrorDetails) -> YamlPath:
    path = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return (*path, "<key>")
    return path


def _what(detail: ErrorDetails, keys: Keys) -> str:
    kind, path, given = detail["type"], detail["loc"], detail.get("input")
    name = next((f"'{part}' " for part in reversed(path) if isinstance(part, str)), "")
    if kind == "extra_forbidden":
        group = tuple(part for part in path[:-1] if isinstance(part, str))
        return f"unknown key '{path[-1]}'{nearest(str(path[-1]), keys.get(group[-1:], keys[()]))}"
    if kind == "missing":
        return f"'{path[-1]}' is missing"
    if kind == "literal_error":
        options = tuple(part.strip(" '") for part in str(detail["ctx"]["expected"]).replace(" or ", ",").split(","))
        return f"{name}cannot be {short(given)}{nearest(str(given), options)}"
    if kind.endswith("too_short"):
        return f"{name}must not be empty"
    if kind in _WORDS:
        return f"{name}{_WORDS[kind]}, not {short(given)}"
    if kind in ("unknown_name", "bad_name"):
        return detail["msg"]
    if kind == "string_pattern_mismatch":
        return f"{name}cannot be {short(given)}: it is written in lower-case hexadecimal digits, all of them"
    return f"{name}cannot be {short(given)}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
