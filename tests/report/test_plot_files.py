"""Plots as files: what they carry, and the command that writes them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from devbench.errors import DevbenchError
from devbench.report.plots import DARK, LIGHT, WIDE, overview_plots, png, svg, write_plots
from tests.conftest import Bench
from tests.report.drawn import OURS, heights_in, plot_of, texts_in
from tests.report.pages import PUBLISHED, many
from tests.report.runs import rich_run


def test_a_png_is_a_png_and_dark_is_another() -> None:
    plot = plot_of(OURS)
    light, dark = png(plot), png(plot, DARK)
    assert light[:8] == dark[:8] == b"\x89PNG\r\n\x1a\n"
    assert light != dark
    assert svg(plot) == svg(plot)


def test_a_file_of_a_plot_carries_title_machine_and_date() -> None:
    overview, traces = rich_run()
    plot = overview_plots(overview, traces).main[0]
    image = Image.open(io.BytesIO(png(plot)))
    assert image.text["Title"] == "How many times faster than cpu on tpu"
    assert image.text["Description"] == "A CPU, An OS · 2026-01-02 · run a-run · devbench 0"
    texts = texts_in(svg(plot, alone=True))
    assert {image.text["Title"], image.text["Description"]} <= set(texts)
    assert image.text["Title"] not in texts_in(svg(plot))  # on a page it stands below
    bare = plot.draw(LIGHT, WIDE)
    assert image.height > bare.get_figheight() * 160 + 50


def test_a_legend_of_a_file_is_below_its_title() -> None:
    overview, _ = many(20, "cpu", "tpu", "gpu")
    heights = heights_in(svg(overview_plots(overview, {}).main[0], alone=True))
    assert heights["How many times faster than cpu"] + 10 < heights["tpu"] < heights["network_0"] - 10


def test_plots_from_the_command_line(bench: Bench) -> None:
    bench.fake("a")
    assert bench("run", bench.fake_suite("a"), "--out", "out").returncode == 0
    done = bench("report", "out", "--plots", "drawn")
    assert done.returncode == 0, done.stderr
    assert "fakes · " in done.stdout
    names = sorted(path.name for path in (bench.folder / "drawn").iterdir())
    stems = ("drift", "latency", "samples-001")
    assert names == sorted(
        f"{stem}{dark}.{style}" for stem in stems for dark in ("", "-dark") for style in ("png", "svg")
    )
    assert "a: " not in done.stderr
    bench.write("file", "")
    refused = bench("report", "out", "--plots", "file")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: file: plots cannot be written")


def test_published_figures_are_drawn_without_a_run(bench: Bench) -> None:
    done = bench("report", PUBLISHED / "coral-faq-2019.csv", "--plots", "drawn")
    assert done.returncode == 0, done.stderr
    texts = texts_in((bench.folder / "drawn" / "latency-coral-faq-2019.svg").read_text())
    assert "2.2 ms" in texts
    assert "published milliseconds for one inference" in texts
    assert "published: coral-faq-2019" in texts
    speedups = texts_in((bench.folder / "drawn" / "speedup-coral-faq-2019.svg").read_text())
    assert "21.36× faster" in speedups


def test_a_folder_that_cannot_be_made_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DevbenchError, match="plots cannot be written"):
        write_plots([], tmp_path / "file")
