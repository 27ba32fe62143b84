"""Plugin: a small network, trained here in seconds on the digits that scikit-learn ships, with its test pictures.

`digits:separable` is the trained network as a Keras file; `digits:train` and `digits:test` are zips of pictures, one
folder for each class. The catalogue has the network as `digits_separable`, in float32 and int8.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devbench import Model, hookimpl


@hookimpl
def devbench_models() -> Iterable[Model]:
    """`digits_separable`."""
    from devbench_digits.source import model

    return [model()]


@hookimpl
def devbench_fetch_model(source: str, into: Path) -> Path | None:
    """Make what a `digits:` source names; leave every other scheme to others."""
    from devbench_digits.source import SCHEME

    if not source.startswith(SCHEME):
        return None
    from devbench_digits.fetch import fetch

    return fetch(source, into)
