"""Makes what `digits:` sources name, by the builder's process."""

from __future__ import annotations

import shutil
from pathlib import Path

from devbench import build_file, cached_model
from devbench_digits.recipe import FILES
from devbench_digits.source import read_source

_CERTIFICATE = "certificate.json"  # how the network came to be, for the ledger


def fetch(source: str, into: Path) -> Path:
    """Make what `source` names in the folder `into`; a `ModelError` says why it is not available."""
    order = read_source(source)
    path = into / FILES[order.what]
    if order.what == "keras" and order.source != source:  # the name alone: not to be trained for it once more
        found = cached_model("digits", order.source, fetch)
        for one in (found, *found.parent.glob(_CERTIFICATE)):
            shutil.copyfile(one, into / one.name)
        return path
    step = "train" if order.what == "keras" else ""
    arguments = [order.what, "--seed", str(order.seed)]
    build_file("digits", "devbench_digits.build", arguments, path, step=step, versions=order.versions)
    return path
