"""What to type where a package is missing: in devbench's own environment, or for another interpreter."""

from __future__ import annotations

import re
import shlex

from devbench.domain.extend import Runtime
from devbench.domain.place import Place


def extra_hint(extra: str) -> str:
    """How devbench's own environment gets the packages of one of its extras: from the clone, not from an index."""
    return f'In the clone of devbench: `uv sync --extra {extra}`, or with pip: `pip install ".[{extra}]"`.'


def install_hint(runtime: Runtime, place: Place, python_version: str) -> str:
    """What to do where `runtime` is missing at `place`, whose interpreter has this version; "" if nothing is known."""
    python = place.python_for(runtime.name)
    if place.ssh or python:
        how = _for_interpreter(runtime, python or "python3", python_version, with_uv=not place.ssh)
    else:
        how = extra_hint(runtime.extra) if runtime.extra else ""
    return " ".join(filter(None, (how, runtime.install)))


def _for_interpreter(runtime: Runtime, python: str, version: str, *, with_uv: bool) -> str:
    """An environment that uv has made has no pip; a board has no uv."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version)
    packages = runtime.packages((int(found[1]), int(found[2])) if found else (3, 11))
    if packages is None:
        return ""
    if not packages:
        return f"There is no package of {runtime.name} for Python {version}."
    command = ["uv", "pip", "install", "--python", python] if with_uv else [python, "-m", "pip", "install"]
    return f"`{shlex.join([*command, *packages])}`."
