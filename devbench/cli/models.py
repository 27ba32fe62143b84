"""`devbench models`: the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from devbench.cli.setup import load_plugins, warn
from devbench.cli.terminal import open_console
from devbench.domain.model import Model
from devbench.models.cache import ModelCache, cache_folder


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List every model: its input, size, variants, and what is in the cache."""
    cache = ModelCache(cache_folder() / "models")
    plugins = load_plugins()
    warn(plugins.broken)
    models = sorted(plugins.registry.models.values(), key=lambda model: model.name)
    if as_json:
        print(json.dumps([{**asdict(model), "cached": _cached(model, cache)} for model in models], indent=2))
        return
    table = Table()
    for name in ("model", "input", "parameters", "MACs", "variants", "in the cache"):
        table.add_column(name, justify="right" if name in ("parameters", "MACs") else "left")
    for model in models:
        variants = ", ".join(f"{one.precision} ({one.weights})" for one in model.variants)
        shape = "×".join(str(size) for size in model.input_shape)
        cells = (
            model.name, shape, f"{model.parameters / 1e6:.2f} M", f"{model.macs / 1e6:.0f} M", variants,
            ", ".join(_cached(model, cache)) or "nothing",
        )  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells))
    open_console().print(table)


def _cached(model: Model, cache: ModelCache) -> list[str]:
    return [f"{one.precision} ({one.weights})" for one in model.variants if cache.find(model.name, one)]
