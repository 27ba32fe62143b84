"""Plugin: the four networks of the ImageNet suite, built from their architectures when they are needed."""

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
    """Build what a `zoo:` source names; leave every other scheme to others."""
    from devbench_zoo.source import SCHEME

    if not source.startswith(SCHEME):
        return None
    from devbench_zoo.fetch import fetch

    return fetch(source, into)


@hookimpl
def devbench_models_wanted(sources: list[str]) -> None:
    """Build them in two processes at once."""
    from devbench_zoo.source import SCHEME

    if any(source.startswith(SCHEME) for source in sources):
        from devbench_zoo.fetch import build_ahead

        build_ahead(sources)
