"""Plots: what they show, that names stay text, and that they stay small."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from devbench.errors import DevbenchError
from devbench.report.plots import DARK, LIGHT, Mark, Plot, Theme, case_plot, overview_plots, png, svg, write_plots
from devbench.report.plots.data import trace_of
from devbench.report.plots.latency import latency_figure
from devbench.report.plots.speedup import speedup_figure
from devbench.report.plots.themes import HATCHES, MARKERS
from tests.conftest import Bench
from tests.report.runs import EVIL, STEAL, case_of, rich_run, samples_of

OURS = Mark(
    model="m", device="cpu", number=0, value=47.123456, low=46.0, high=48.0, rounds=(46.5, 47.5), note="suspect"
)
THEIRS = Mark(model="m", device="tpu", number=1, value=2.2, low=2.15, high=2.25, kind="published", note="published [1]")


def _texts(document: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(document).iter("{http://www.w3.org/2000/svg}text")]


def _all_plots() -> list[Plot]:
    overview, traces = rich_run()
    return [*overview_plots(overview, traces), *(case_plot(one, n) for n, one in enumerate(traces.values()))]


def test_every_plot_is_well_formed_and_names_are_only_text() -> None:
    plots = _all_plots()
    assert [plot.name for plot in plots[:3]] == ["latency", "speedup", "drift"]
    for plot in plots:
        document = svg(plot)
        root = ET.fromstring(document)
        assert not [one for one in root.iter() if one.tag.endswith(("script", "img", "image", "metadata"))]
        addresses = set(re.findall(r"https?://[^\s\"<]+", document)) - {"http://www.w3.org/1999/xlink"}
        assert all(
            address.startswith(("http://www.w3.org/2000/svg", "http://www.w3.org/Graphics")) for address in addresses
        )
        ids = [one.get("id") for one in root.iter() if one.get("id")]
        assert len(ids) == len(set(ids))
        assert all(one.startswith(plot.name) for one in ids if one)
    drift = " ".join(_texts(svg(plots[2])))
    assert f"bee {EVIL} $x_1$ int8" in drift


def test_a_control_character_in_a_name_leaves_the_file_readable() -> None:
    plot = Plot(
        name="n", title="a\x00b", about="", draw=lambda theme: latency_figure([replace(OURS, model="\x07x")], theme)
    )
    assert "\\u0007x" in _texts(svg(plot))


def test_figures_in_plots_are_not_rounded_with_the_coordinates() -> None:
    exact = replace(OURS, value=0.7864123, low=0.78, high=0.79, rounds=())
    document = svg(Plot(name="n", title="t", about="", draw=lambda theme: latency_figure([exact], theme)))
    assert "0.7864 ms, suspect" in _texts(document)
    assert not [tag for tag in re.findall(r"<[^>]+>", document) if re.search(r"\d\.\d{3,}", tag)]


def test_a_published_figure_is_hollow_says_so_and_has_no_digits_of_its_own() -> None:
    figure = latency_figure([OURS, THEIRS], LIGHT)
    markers = [line for line in figure.axes[0].lines if line.get_marker() in MARKERS]
    assert [marker.get_markerfacecolor() for marker in markers] == [LIGHT.series[0], LIGHT.paper]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "47.12 ms, suspect" in texts
    assert "2.2 ms, published [1]" in texts
    assert latency_figure([THEIRS], LIGHT).axes[0].get_xlabel().startswith("published milliseconds")


def test_the_intervals_and_the_rounds_are_where_they_belong() -> None:
    axes = latency_figure([OURS], LIGHT).axes[0]
    strokes = next(line for line in axes.lines if line.get_marker() == "|" and len(line.get_xdata()) == 2)
    assert list(strokes.get_xdata()) == [46.5, 47.5]
    ends = axes.collections[0].get_segments()[0][:, 0]
    assert ends.tolist() == pytest.approx([46.0, 48.0])


def test_a_speedup_that_may_be_none_is_called_none() -> None:
    even = Mark(model="m", device="tpu", number=1, value=1.01, low=0.99, high=1.03)
    figure = speedup_figure([even, replace(even, model="n", value=15.1, low=15.0, high=15.2)], "cpu", LIGHT)
    assert [text.get_text() for text in figure.axes[0].texts] == ["no difference shown", "15.1×"]


def test_forty_devices_can_be_told_apart_without_colour_and_with_it() -> None:
    for looks in (MARKERS, HATCHES):
        pairs = {(LIGHT.series[one % len(LIGHT.series)], looks[one % len(looks)]) for one in range(40)}
        assert len(pairs) == 40


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_stand_out_from_the_paper_by_3_and_text_by_4_5(theme: Theme) -> None:
    paper = _luminance(theme.paper)

    def contrast(colour: str) -> float:
        low, high = sorted((paper, _luminance(colour)))
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(colour) for colour in theme.series) >= 3
    assert min(contrast(colour) for colour in (theme.ink, theme.muted)) >= 4.5
    assert len(set(theme.named().values())) == len(theme.named())


def test_a_million_samples_are_all_counted_and_drawn_small_and_soon() -> None:
    rounds = [samples_of(5_000_000, seed, 250_000) for seed in range(4)]
    case = case_of("m", "cpu", rounds)
    warmup = {number: ns[:1000] * 2 for number, ns in enumerate(rounds)}
    began = time.perf_counter()
    trace = trace_of(case, "m", "cpu", 0, lambda _, phase: dict(enumerate(rounds)) if phase == "steady" else warmup)
    assert trace
    document = svg(case_plot(trace, 1))
    assert time.perf_counter() - began < 20
    assert len(document) < 200_000
    assert trace.counts.sum() == 1_000_000
    assert trace.warmup_counts.sum() == 4000
    assert max(int(one.steady.high_ns.max()) for one in trace.rounds) == 15_000_000
    assert "up to 1,563 consecutive samples" in case_plot(trace, 1).about


def test_rounds_that_were_disturbed_or_measured_again_are_marked() -> None:
    rounds = [samples_of(1_000_000, seed) for seed in range(3)]
    case = case_of("m", "cpu", rounds, STEAL)
    first = replace(case.rounds[0], superseded=True)
    last = replace(case.rounds[2], reasons=())
    trace = trace_of(
        replace(case, rounds=(first, case.rounds[1], last)), "m", "cpu", 0, lambda *_: dict(enumerate(rounds))
    )
    assert trace
    texts = _texts(svg(case_plot(trace, 1)))
    assert [texts.count(word) for word in ("not counted", "disturbed")] == [1, 1]
    assert trace.samples == 400  # those that count


def test_samples_that_are_all_alike_can_be_drawn() -> None:
    same = [np.full(50, 1_000_000), np.full(50, 1_000_000)]
    trace = trace_of(case_of("m", "cpu", same), "m", "cpu", 0, lambda *_: dict(enumerate(same)))
    assert trace
    assert "1.0000 ms" in _texts(svg(case_plot(trace, 1)))


def test_a_png_is_a_png_and_dark_is_another() -> None:
    plot = Plot(name="n", title="t", about="", draw=lambda theme: latency_figure([OURS], theme))
    light, dark = png(plot), png(plot, DARK)
    assert light[:8] == dark[:8] == b"\x89PNG\r\n\x1a\n"
    assert light != dark
    assert svg(plot) == svg(plot)


def test_plots_from_the_command_line(bench: Bench) -> None:
    bench.fake("a")
    assert bench("run", bench.fake_suite("a"), "--out", "out").returncode == 0
    done = bench("report", "out", "--plots", "drawn")
    assert done.returncode == 0, done.stderr
    assert "│ a     │" in done.stdout
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
    csv = Path(__file__).parents[2] / "results" / "published" / "coral-faq-2019.csv"
    done = bench("report", csv, "--plots", "drawn")
    assert done.returncode == 0, done.stderr
    texts = _texts((bench.folder / "drawn" / "latency-coral-faq-2019.svg").read_text())
    assert "2.2 ms" in texts
    assert "published milliseconds for one inference (logarithmic)" in texts
    speedups = _texts((bench.folder / "drawn" / "speedup-coral-faq-2019.svg").read_text())
    assert "21.4×" in speedups


def test_a_folder_that_cannot_be_made_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DevbenchError, match="plots cannot be written"):
        write_plots([], tmp_path / "file")
