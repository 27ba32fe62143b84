"""Plugin: the four networks of the ImageNet suite, made from their architectures when they are needed, as Keras files.

What a runtime loads is made of these as of anybody's network.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devbench import Model, hookimpl


@hookimpl
def devbench_models() -> Iterable[Model]:
    """`mobilenet_v1`, `mobilenet_v2`, `inception_v1` and `inception_v4`."""
    from devbench_zoo.catalogue import models  # looking up versions takes a while

    return models()


@hookimpl
def devbench_fetch_model(source: str, into: Path) -> Path | None:
    """Make what a `zoo:` source names; leave every other scheme to others."""
    from devbench_zoo.source import SCHEME

    if not source.startswith(SCHEME):
        return None
    from devbench_zoo.fetch import fetch

    return fetch(source, into)
