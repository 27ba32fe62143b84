"""What to type where a package is missing: in devbench's own environment, or for another interpreter."""

from __future__ import annotations

import re
import shlex
from typing import Protocol

from devbench.domain.place import Place


class Installable(Protocol):
    """What is to be installed: a runtime, by the members of `Runtime` that say how."""

    @property
    def name(self) -> str:
        """Its name in suites."""

    @property
    def extra(self) -> str:
        """The extra of devbench that brings its packages."""

    @property
    def install(self) -> str:
        """What else there is to do."""

    def packages(self, python: tuple[int, int], /) -> tuple[str, ...] | None:
        """What pip is to install for a version of Python."""


def extra_hint(extra: str) -> str:
    """How devbench's own environment gets the packages of one of its extras: from the clone, not from an index."""
    return f'In the clone of devbench: `uv sync --extra {extra}`, or with pip: `pip install ".[{extra}]"`.'


def install_hint(runtime: Installable, place: Place, python_version: str) -> str:
    """What to do where `runtime` is missing at `place`, whose interpreter has this version; "" if nothing is known."""
    python = place.python_for(runtime.name)
    if place.ssh or python:
        how = _for_interpreter(runtime, python or "python3", python_version, with_uv=not place.ssh)
    else:
        how = extra_hint(runtime.extra) if runtime.extra else ""
    return " ".join(filter(None, (how, runtime.install)))


def _for_interpreter(runtime: Installable, python: str, version: str, *, with_uv: bool) -> str:
    """An environment that uv has made has no pip; a board has no uv."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version)
    packages = runtime.packages((int(found[1]), int(found[2])) if found else (3, 11))
    if packages is None:
        return ""
    if not packages:
        return f"There is no package of {runtime.name} for Python {version}."
    command = ["uv", "pip", "install", "--python", python] if with_uv else [python, "-m", "pip", "install"]
    return f"`{shlex.join([*command, *packages])}`."
