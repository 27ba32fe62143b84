"""Makes what `digits:` sources name, by the builder's process."""

from __future__ import annotations

from pathlib import Path

from devbench import build_file, cached_model
from devbench_digits.recipe import FILES
from devbench_digits.source import read_source


def fetch(source: str, into: Path) -> Path:
    """Make what `source` names in the folder `into`; a `ModelError` says why it is not available."""
    order = read_source(source)
    path = into / FILES[order.what]
    if order.what == "keras" and order.source != source:  # the name alone: not to be trained for it once more
        path.write_bytes(cached_model("digits", order.source, fetch).read_bytes())
        return path
    build_file("digits", "devbench_digits.build", [order.what, "--seed", str(order.seed)], path)
    return path
