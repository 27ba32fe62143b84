"""pandas is an extra: what to install where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from devbench.domain.install import extra_hint
from devbench.errors import NotHereError


def need_pandas() -> None:
    """A `NotHereError` if pandas is not installed."""
    if find_spec("pandas") is None:
        raise NotHereError("data frames need pandas, which is not installed here", extra_hint("data"))
