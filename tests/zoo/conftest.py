"""Builds one cheap network for the tests here, through the real builder processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import devbench_zoo


def source_of(name: str, precision: str, weights: str = "random") -> str:
    [source] = [
        variant.source
        for model in devbench_zoo.devbench_models()
        for variant in model.variants
        if (model.name, variant.precision, variant.weights) == (name, precision, weights)
    ]
    return source


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """mobilenet_v1 as float32, as int8, and as int8 once more."""
    orders = {"float32": "float32", "int8": "int8", "int8 again": "int8"}
    folders = {title: tmp_path_factory.mktemp("built") for title in orders}  # which is not made for threads

    def build(title: str) -> Path:
        path = devbench_zoo.devbench_fetch_model(source_of("mobilenet_v1", orders[title]), folders[title])
        assert path is not None
        return path

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(orders, pool.map(build, orders), strict=True))


@pytest.fixture
def sources() -> object:
    return source_of
