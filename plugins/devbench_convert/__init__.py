"""Plugin: converters from what people have to what runtimes load, and the quantizers; each runs in its own process."""

from __future__ import annotations

from collections.abc import Iterable

from devbench import Converter, hookimpl


@hookimpl
def devbench_converters() -> Iterable[type[Converter]]:
    """Quantizers and fixes first, then TensorFlow, then what needs an environment of its own."""
    from devbench_convert.converters import CONVERTERS

    return CONVERTERS
