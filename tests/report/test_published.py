"""The published tables through the real command: the ratios that began this project, and what may not be joined."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bench

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
ALL = sorted(PUBLISHED.glob("*.csv"))


def _cells(text: str, row: str, nth: int = 0) -> list[str]:
    """The cells of the nth Markdown row whose first cell is `row`."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(f"| {row} |")]
    return rows[nth][1:]


def test_the_table_that_began_it(bench: Bench) -> None:
    done = bench("report", PUBLISHED / "coral-faq-2019.csv", "--format", "markdown")
    assert done.returncode == 0, done.stderr
    assert _cells(done.stdout, "inception_v4 / mobilenet_v1") == [
        "16.85× [16.66, 17.04]",
        "45.45× [44.22, 46.74]",
        "19.35× [19.29, 19.40]",
        "45.45× [44.22, 46.74]",
    ]
    assert _cells(done.stdout, "mobilenet_v1")[3] == "2.2 ms [2.15, 2.25]<br>21.36× faster [20.67, 22.09]"
    equal = (
        "Desktop CPU + USB Accelerator (USB 3.0) and Dev Board with Edge TPU: no difference shown for 2 of 4 models"
        " (mobilenet_v1, inception_v4); they differ for mobilenet_v2 2.3 ms against 2.5 ms;"
        " inception_v1 3.6 ms against 3.9 ms."
    )
    assert equal in done.stdout
    # (47/2.2 · 45/2.5 · 92/3.9 · 792/100) to the power of 1/4
    assert _cells(done.stdout, "geometric mean")[3].startswith("16.37× faster ")
    assert "The FAQ page itself was not seen" in done.stdout


def test_in_the_later_table_the_two_are_not_equal(bench: Bench) -> None:
    text = bench("report", PUBLISHED / "coral-docs-benchmarks.csv", "--format", "markdown").stdout
    (note,) = [line for line in text.splitlines() if "and Dev Board with Edge TPU: no difference" in line]
    assert "no difference shown for 3 of 18 models" in note
    assert "inception_v4 85 ms against 102 ms" in note


def test_a_rate_stays_a_rate_and_dnr_is_no_zero(bench: Bench) -> None:
    text = bench("report", PUBLISHED / "nvidia-jetson-nano-2019.csv", "--format", "markdown").stdout
    cells = _cells(text, "resnet_50 224×224")
    assert cells[0] == "36 per s [35.5, 36.5]"
    assert cells[3] == "failed"
    assert "DNR: did not run; the source does not say why" in text
    assert " ms" not in "".join(cells)
    faster = bench("report", PUBLISHED / "nvidia-jetson-nano-2019.csv", "--baseline", "Raspberry Pi 3").stdout
    assert "25.71×" in faster, "36 over 1.4 frames per second"


def test_every_published_table_is_shown_alone_and_together(bench: Bench) -> None:
    assert len(ALL) == 6
    for path in ALL:
        done = bench("report", path)
        assert done.returncode == 0, done.stderr
        assert "published" in done.stdout
    together = bench("report", *ALL, "--format", "markdown").stdout
    joined, _, apart = together.partition("**Side by side")[2].partition("**The same models, but not known")
    assert "| 130 per s [129.5, 130.5] |" not in joined, "300×300 at NVIDIA is not 224×224 at Google"
    assert "| Google Edge TPU Dev Board | published: nvidia-jetson-nano-2019 | 130 per s" in apart
    assert re.search(r"130 per s \[129.5, 130.5\] \| input 300×300, not 224×224", apart)
    assert "| mobilenet_v2 int8<br>224×224 | " in joined


def test_the_csvs_follow_from_the_raw_tables(tmp_path: Path) -> None:
    shutil.copytree(PUBLISHED, tmp_path / "published")
    for path in (tmp_path / "published").glob("*.csv"):
        path.unlink()
    subprocess.run([sys.executable, tmp_path / "published" / "make.py"], check=True)
    for path in [*ALL, PUBLISHED / "datapackage.json", PUBLISHED / "results.schema.json"]:
        assert (tmp_path / "published" / path.name).read_text() == path.read_text(), path.name


def test_measured_figures_stand_beside_published_ones(bench: Bench) -> None:
    bench.write("rows.csv", (PUBLISHED / "coral-docs-benchmarks.csv").read_text())
    text = (PUBLISHED / "google-coral-reference-2019-09.csv").read_text()
    ours = text.replace(",published,", ",measured,").replace("google-coral-reference-2019-09,", "devbench,")
    bench.write("ours.csv", ours)
    done = bench("report", "ours.csv", "rows.csv", "--format", "markdown")
    assert done.returncode == 0, done.stderr
    joined, _, apart = done.stdout.partition("**The same models, but")
    line = next(line for line in joined.splitlines() if "published: rows" in line or "coral-docs" in line)
    assert "published: coral-docs-benchmarks" in line
    assert "Batch not stated, assumed to be 1: coral-docs-benchmarks." in joined
    assert "| inception_v4 | Desktop CPU | published: coral-docs-benchmarks | 700 ms" in apart
    assert "precision not stated" in apart


def test_a_suite_names_references_and_the_run_keeps_them(bench: Bench) -> None:
    shutil.copytree(PUBLISHED, bench.folder / "published", ignore=shutil.ignore_patterns("raw", "*.py"))
    bench.fake("mobilenet_v1")
    suite = bench.fake_suite("mobilenet_v1", extra="references: [published/coral-faq-2019.csv]")
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(bench.folder / "published")
    text = bench("report", "out", "--format", "markdown").stdout
    row = "| Dev Board with Edge TPU | published: coral-faq-2019 | 2.2 ms [2.15, 2.25] | no other source has it at"
    assert row in text
    assert "The FAQ page itself was not seen" in text
    assert json.loads(bench("report", "out", "--json").stdout)["id"] == "out", "a run alone is its run.json"
    assert len(bench("report", "out", "--format", "csv").stdout.splitlines()) == 2, "its own rows, not its references'"


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ("[nowhere.csv]", "nowhere.csv: cannot be read"),
        (
            "[a/x.csv, b/x.csv]",
            "suite.yaml:6:13: 'references' cannot be ['a/x.csv', 'b/x.csv']: two of the references are called 'x.csv'",
        ),
    ],
)
def test_a_reference_that_cannot_be_is_known_before_anything_is_measured(
    bench: Bench, references: str, message: str
) -> None:
    bench.fake("a")
    done = bench("run", bench.fake_suite("a", extra=f"references: {references}"), "--out", "out")
    assert done.returncode == 1
    assert message in done.stderr
    assert not (bench.folder / "out").exists()
