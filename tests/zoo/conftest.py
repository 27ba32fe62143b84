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
    """What `devbench make --check` says of mobilenet_v1 in float32 and in int8."""
    folder = tmp_path_factory.mktemp("zoo")
    bench = Bench(folder, {**os.environ, "DEVBENCH_CACHE": str(folder / "cache")})
    suite = bench.write(
        "suite.yaml",
        "name: s\nmodels: [mobilenet_v1]\nprecision: [float32, int8]\n"
        f"devices: [{{desktop-cpu: {{runtime: litert}}}}]\nmeasure: {QUICK}\n",
    )
    done = bench("make", suite, "--check", "--json", process=True)
    assert done.returncode == 0, done.stderr
    return {one["name"].split()[1]: one for one in json.loads(done.stdout)}


@pytest.fixture(scope="session")
def built(ledger: dict[str, dict[str, Any]]) -> dict[str, Path]:
    """The files."""
    return {precision: Path(one["path"]) for precision, one in ledger.items()}
