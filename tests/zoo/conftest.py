"""Makes one cheap network for the tests here, through the chain that makes everybody's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import devbench_zoo
from devbench import Variant
from tests.conftest import QUICK, Bench

Variants = Callable[..., Variant]


def variant_of(name: str, precision: str, weights: str = "random") -> Variant:
    """The variant of the catalogue."""
    [found] = [
        variant
        for model in devbench_zoo.devbench_models()
        for variant in model.variants
        if (model.name, variant.precision, variant.weights) == (name, precision, weights)
    ]
    return found


@pytest.fixture
def variants() -> Variants:
    return variant_of


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What `devbench make` says of mobilenet_v1 in float32, and `devbench make --check` in int8, made of that.

    DEVBENCH_TEST_CACHE: where both may have been made already, by another process.
    """
    folder = tmp_path_factory.mktemp("zoo")
    cache = os.environ.get("DEVBENCH_TEST_CACHE") or str(folder / "cache")
    bench = Bench(folder, {**os.environ, "DEVBENCH_CACHE": cache})

    def said(precision: str, *options: str) -> dict[str, Any]:
        suite = bench.write(
            f"{precision}.yaml",
            f"name: s\nmodels: [mobilenet_v1]\nprecision: {precision}\n"
            f"devices: [{{desktop-cpu: {{runtime: litert}}}}]\nmeasure: {QUICK}\n",
        )
        done = bench("make", suite, *options, "--json", process=True)
        assert done.returncode == 0, done.stderr
        [one] = json.loads(done.stdout)
        return dict(one)

    return {"float32": said("float32"), "int8": said("int8", "--check")}


@pytest.fixture(scope="session")
def built(ledger: dict[str, dict[str, Any]]) -> dict[str, Path]:
    """The files."""
    return {precision: Path(one["path"]) for precision, one in ledger.items()}
