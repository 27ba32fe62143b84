"""Writes docs/plugin-reference.md from the docstrings of what a plugin imports.

uv run python docs/plugin_reference.py > docs/plugin-reference.md
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

import devbench
from devbench import hookspecs, testing

GROUPS = {
    "What you write": ("Device", "Runtime", "Converter", "EngineFile", "Install", "Prepared", "Traits"),
    "What you give and are given": None,  # the rest
    "Errors": ("DevbenchError", "ModelError", "NotHereError", "RoundError"),
    "Functions": None,
}
HEAD = """# Plugin reference

Made from docstrings by `docs/plugin_reference.py`; do not edit. [Writing a plugin](plugins.md) explains it, and
[the tutorial](plugin-tutorial.md) builds one."""


def main() -> None:
    """Entry point."""
    print(text())


def text() -> str:
    """The whole page."""
    members = {name: getattr(devbench, name) for name in devbench.__all__}
    classes = {name for name, one in members.items() if inspect.isclass(one)}
    first, errors = set(GROUPS["What you write"] or ()), set(GROUPS["Errors"] or ())
    chosen = {
        "What you write": [name for name in GROUPS["What you write"] or () if name in members],
        "What you give and are given": sorted(classes - first - errors),
        "Errors": [name for name in GROUPS["Errors"] or () if name in members],
        "Functions": sorted(name for name, one in members.items() if inspect.isfunction(one)),
    }
    parts = [HEAD]
    for title, names in chosen.items():
        parts += [f"## {title}", *(described(name, members[name]) for name in names)]
    hooks = [name for name in vars(hookspecs) if name.startswith("devbench_")]
    parts += ["## Hooks", *(described(name, getattr(hookspecs, name)) for name in hooks)]
    parts += ["## devbench.testing", *(described(name, getattr(testing, name)) for name in testing.__all__)]
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
    return re.sub(r"\n+([a-z_][\w, ]*): ", r"\n\n\1: ", found or "").strip()


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
    return str(inspect.signature(function)).replace("'", "").replace("devbench.domain.", "")


if __name__ == "__main__":
    main()
