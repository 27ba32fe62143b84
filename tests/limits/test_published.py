"""The physical limits of every published figure, through the real command."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from devbench.models.networks import known_network, known_networks
from tests.conftest import Bench

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
USB, BOARD = "Desktop CPU + USB Accelerator (USB 3.0)", "Dev Board with Edge TPU"


def _limits(bench: Bench, *paths: Path) -> list[dict[str, Any]]:
    done = bench("limits", *paths, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_only_inception_resnet_v2_is_below_its_limit(bench: Bench) -> None:
    rows = [row for path in sorted(PUBLISHED.glob("*.csv")) for row in _limits(bench, path)]
    below = {(row["source"], row["model"], row["place"]) for row in rows if row["below"]}
    assert below == {("coral-docs-benchmarks", "inception_resnet_v2", place) for place in (USB, BOARD)}
    assert sum(row["least_ms"] is not None for row in rows) > 150


@pytest.mark.parametrize(
    ("model", "place", "wall", "share"),
    [
        ("vgg16", USB, "link", 0.88),
        ("inception_v4", USB, "link", 0.81),
        ("inception_v4", BOARD, "link", 0.68),
        ("resnet_v2_152", BOARD, "link", 0.69),
        ("inception_v1", USB, "compute", 0.22),
        ("densenet", USB, "compute", 0.07),
    ],
)
def test_what_streams_stands_at_the_link_and_what_does_not_is_far_from_any_wall(
    bench: Bench, model: str, place: str, wall: str, share: float
) -> None:
    rows = _limits(bench, PUBLISHED / "coral-docs-benchmarks.csv")
    row = next(row for row in rows if (row["model"], row["place"]) == (model, place))
    assert (row["wall"], row["share"]) == (wall, pytest.approx(share, abs=0.012))


def test_why_inception_v4_gains_less_than_mobilenet(bench: Bench) -> None:
    text = " ".join(bench("limits", PUBLISHED / "coral-faq-2019.csv").stdout.split())
    assert f"inception_v4 takes 45× as long as mobilenet_v1 on {USB}, but only 17× on Desktop CPU" in text
    assert "its weights do not fit into the accelerator's memory" in text
    assert "the link is the limit, not the chip" in text
    assert f"The same holds on {BOARD}" in text


def test_a_figure_below_its_limit_is_named_and_fails_on_demand(bench: Bench) -> None:
    path = PUBLISHED / "coral-docs-benchmarks.csv"
    done = bench("limits", path, "--fail-on", "below")
    assert done.returncode == 4
    assert "inception_resnet_v2 299×299 on Dev Board with Edge TPU is below its limit: 69 ms" in done.stdout
    assert bench("limits", PUBLISHED / "nvidia-tx2-trt.csv", "--fail-on", "below").returncode == 0


def test_without_a_peak_it_is_unknown_and_says_how_to_get_one(bench: Bench) -> None:
    done = bench("limits", PUBLISHED / "coral-docs-benchmarks.csv")
    assert "Nobody has measured the peaks of that machine with devbench." in done.stdout
    cpu = [row for row in _limits(bench, PUBLISHED / "coral-docs-benchmarks.csv") if row["device"] == "desktop-cpu"]
    assert cpu and all(row["least_ms"] is None for row in cpu)


def test_markdown_csv_and_the_whole_table_have_every_wall(bench: Bench, tmp_path: Path) -> None:
    path = PUBLISHED / "nvidia-tx2-trt.csv"
    text = bench("limits", path, "--format", "markdown").stdout
    assert "| model | device | figure | least time | how near | compute | memory | link |" in text
    assert "Source: NVIDIA's technical specifications" in text
    rows = list(csv.DictReader(io.StringIO(bench("limits", path, "--format", "csv").stdout)))
    vgg = next(row for row in rows if row["model"] == "vgg16" and row["precision"] == "float32")
    assert float(vgg["compute_ms"]) == pytest.approx(46.5, abs=0.2)
    assert float(vgg["memory_ms"]) == pytest.approx(9.2, abs=0.2)
    out = tmp_path / "limits.md"
    assert bench("limits", path, "--format", "markdown", "--out", out).returncode == 0
    assert out.read_text() == text
    assert "59.7 GB/s" in bench("limits", path, "--verbose").stdout


def test_every_known_network_is_whole() -> None:
    for name, size in known_networks():
        found = known_network(name, size)
        assert found is not None and found.source
        assert found.features.total_macs > 0 and found.features.input_bytes == 3 * int(size.split("x")[0]) ** 2
    wide, narrow = known_network("vgg16", "224x224", "float32"), known_network("vgg16", "224x224", "int8")
    assert wide and narrow and wide.features.total_weight_bytes == 4 * narrow.features.total_weight_bytes
    assert known_network("vgg16", "225x225") is None


def test_published_counts_are_those_of_the_papers() -> None:
    for name, macs, parameters in (
        ("mobilenet_v1", 569e6, 4.2e6),
        ("vgg16", 15.5e9, 138e6),
        ("inception_v4", 12.3e9, 42.7e6),
    ):
        found = known_network(name)
        assert found is not None
        assert found.features.total_macs == pytest.approx(macs, rel=0.01)
        assert found.features.total_weight_bytes == pytest.approx(parameters, rel=0.02)
