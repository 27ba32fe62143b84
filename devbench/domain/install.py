"""What to type where a package is missing: in devbench's own environment, or for another interpreter."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass

from devbench.domain.place import Place


@dataclass(frozen=True, kw_only=True)
class Install:
    """How to have a runtime.

    packages: what pip installs for any interpreter; empty if it does not come that way.
    oldest, newest: the versions of Python that these packages are made for, such as (3, 9).
    extra: the extra of devbench that brings them into devbench's own environment; "" if there is none.
    note: what else there is to do, as a sentence.
    """

    packages: tuple[str, ...] = ()
    oldest: tuple[int, int] = (3, 6)
    newest: tuple[int, int] = (3, 99)
    extra: str = ""
    note: str = ""


def extra_hint(extra: str) -> str:
    """How devbench's own environment gets the packages of one of its extras: from the clone, not from an index."""
    return f'In the clone of devbench: `uv sync --extra {extra}`, or with pip: `pip install ".[{extra}]"`.'


def install_hint(install: Install, runtime: str, place: Place, python_version: str) -> str:
    """What to do where `runtime` is missing at `place`, whose interpreter has this version; "" if nothing is known."""
    python = place.python_for(runtime)
    if place.ssh or python:
        how = _for_interpreter(install, runtime, python or "python3", python_version, with_uv=not place.ssh)
    elif install.extra:
        how = extra_hint(install.extra)
    else:
        how = _command(install.packages, sys.executable, with_uv=False) if install.packages else ""
    return " ".join(filter(None, (how, install.note)))


def _for_interpreter(install: Install, runtime: str, python: str, version: str, *, with_uv: bool) -> str:
    """An environment that uv has made has no pip; a board has no uv."""
    if not install.packages:
        return ""
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version)
    if found and not install.oldest <= (int(found[1]), int(found[2])) <= install.newest:
        return f"There is no package of {runtime} for Python {version}."
    return _command(install.packages, python, with_uv=with_uv)


def _command(packages: tuple[str, ...], python: str, *, with_uv: bool) -> str:
    command = ["uv", "pip", "install", "--python", python] if with_uv else [python, "-m", "pip", "install"]
    return f"`{shlex.join([*command, *packages])}`."
