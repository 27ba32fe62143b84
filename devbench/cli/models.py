"""`devbench models`: the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from devbench.cli.screen import screen_width, show
from devbench.cli.setup import load_plugins, warn
from devbench.domain.model import Model, Variant
from devbench.models.cache import ModelCache, cache_folder
from devbench.report.numbers import count_of
from devbench.report.screen import aligned, wrapped

_HEADER = ("model", "input", "parameters", "MACs")


@click.command()
@click.option("--verbose", "-v", is_flag=True, help="Print a line for each variant.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(verbose: bool, as_json: bool) -> None:
    """List every model: its input, size, variants, and what is in the cache."""
    cache = ModelCache(cache_folder() / "models")
    plugins = load_plugins()
    warn(plugins.broken)
    models = sorted(plugins.registry.models.values(), key=lambda model: model.name)
    if as_json:
        print(json.dumps([{**asdict(model), "cached": _cached(model, cache)} for model in models], indent=2))
        return
    width = screen_width()
    variants = sum(len(model.variants) for model in models)
    cached = sum(len(_cached(model, cache)) for model in models)
    here = f"{cached} of them in the cache" if cached else "none of them in the cache yet"
    show([*wrapped(f"{count_of(len(models), 'model')} in {count_of(variants, 'variant')}, {here}.", width), ()])
    if verbose:
        each = [(model, one) for model in models for one in model.variants]
        found = {source for model in models for source in _here(model, cache)}
        rows = [(*_about(model), _kind(one), "yes" if one.source in found else "no") for model, one in each]
        show(aligned((*_HEADER, "variant", "in the cache"), rows, width, right=(2, 3)))
    else:
        variants_of = [(*_about(model), _variants(model, cache)) for model in models]
        show(aligned((*_HEADER, "variants (* in the cache)"), variants_of, width, right=(2, 3)))


def _about(model: Model) -> tuple[str, ...]:
    shape = "×".join(str(size) for size in model.input_shape)
    parameters = f"{model.parameters / 1e6:.2f} M" if model.parameters else ""
    return model.name, shape, parameters, f"{model.macs / 1e6:,.0f} M" if model.macs else ""


def _variants(model: Model, cache: ModelCache) -> str:
    here = _here(model, cache)
    return ", ".join(f"{_kind(one)}{'*' if one.source in here else ''}" for one in model.variants)


def _cached(model: Model, cache: ModelCache) -> list[str]:
    here = _here(model, cache)
    return [_kind(one) for one in model.variants if one.source in here]


def _here(model: Model, cache: ModelCache) -> set[str]:
    """The sources that are in the cache; several variants may be made of one."""
    return {one.source for one in {one.source: one for one in model.variants}.values() if cache.find(model.name, one)}


def _kind(variant: Variant) -> str:
    return f"{variant.precision} ({variant.weights})"
