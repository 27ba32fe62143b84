"""Plots: what they show, that names stay text, and that they stay small."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from dataclasses import replace

import matplotlib.colors
import matplotlib.figure
import numpy as np
import pytest

from devbench.compare.figures import FileSource
from devbench.compare.overview import Overview, overview_of
from devbench.report.plots import (
    DARK,
    LIGHT,
    NARROW,
    WIDE,
    Layout,
    Mark,
    Plot,
    SeriesStyle,
    Theme,
    case_plot,
    looks_of,
    overview_plots,
    svg,
)
from devbench.report.plots.data import trace_of
from devbench.report.plots.drift import MOST_NAMED, drift_plot
from devbench.report.plots.latency import latency_plot
from devbench.report.plots.layout import wrapped
from devbench.report.plots.marks import scene_of, speedup_marks
from devbench.report.plots.rows import log_axis
from devbench.report.plots.samples import samples_plot
from devbench.report.plots.speedup import speedup_plot
from devbench.report.plots.themes import HATCHES, MARKERS, hatch_of, marker_of
from devbench.report.tables import tables_of
from tests.report.drawn import OURS, plot_of, texts_in
from tests.report.pages import many
from tests.report.runs import EVIL, STEAL, case_of, published, rich_run, samples_of

THEIRS = Mark(
    model="m",
    device="tpu",
    look=SeriesStyle(1),
    value=2.2,
    low=2.15,
    high=2.25,
    published=True,
    text="2.2 ms, published [1]",
)


def _all_plots() -> list[Plot]:
    overview, traces = rich_run()
    return [*overview_plots(overview, traces).all(), *(case_plot(one, n) for n, one in enumerate(traces.values()))]


def test_every_plot_is_well_formed_and_names_are_only_text() -> None:
    plots = _all_plots()
    assert [plot.name for plot in plots[:3]] == ["speedup", "latency", "drift"]  # first what shows the answer
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
    drift = "".join("".join(texts_in(svg(plots[2]))).split())
    assert "".join(f"bee {EVIL} $x_1$".split()) in drift


def test_a_control_character_in_a_name_leaves_the_file_readable() -> None:
    plot = plot_of(replace(OURS, model="\x07x"), title="a\x00b", origin="\x07c")
    assert "a\\u0000b" in texts_in(svg(plot, alone=True))
    assert "\\u0007x" in texts_in(svg(plot))


def test_figures_in_plots_are_not_rounded_with_the_coordinates() -> None:
    exact = replace(OURS, value=0.7864123, low=0.78, high=0.79, rounds=(), text="0.7864 ms, suspect")
    document = svg(plot_of(exact))
    assert "0.7864 ms, suspect" in texts_in(document)
    assert not [tag for tag in re.findall(r"<[^>]+>", document) if re.search(r"\d\.\d{3,}", tag)]


def test_a_published_figure_is_hollow_says_so_and_has_no_digits_of_its_own() -> None:
    figure = latency_plot([OURS, THEIRS], LIGHT)
    markers = [line for line in figure.axes[0].lines if line.get_marker() in MARKERS]
    assert [marker.get_markerfacecolor() for marker in markers] == [LIGHT.series[0], LIGHT.paper]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["47.12 ms, suspect", "2.2 ms, published [1]"]
    assert latency_plot([THEIRS], LIGHT).axes[0].get_xlabel().startswith("published milliseconds")


def test_the_intervals_and_the_rounds_are_where_they_belong() -> None:
    axes = latency_plot([OURS], LIGHT).axes[0]
    strokes = next(line for line in axes.lines if line.get_marker() == "|" and len(line.get_xdata()) == 2)
    assert list(strokes.get_xdata()) == [46.5, 47.5]
    ends = axes.collections[0].get_segments()[0][:, 0]
    assert ends.tolist() == pytest.approx([46.0, 48.0])


def _speedups(overview: Overview) -> list[Mark]:
    return speedup_marks(scene_of(overview.grid, overview.answer, looks_of(overview), {}, ""))


def test_a_ratio_is_written_as_in_the_table_and_one_that_may_be_none_is_called_none() -> None:
    figures = [published("m", "cpu", "CPU", latency_ms="47"), published("m", "tpu", "TPU", latency_ms="2.2")]
    figures += [published("n", "cpu", "CPU", latency_ms="3"), published("n", "tpu", "TPU", latency_ms="3")]
    overview = overview_of([], [FileSource(name="theirs", figures=figures)])
    marks = _speedups(overview)
    assert [mark.text for mark in marks] == ["21.36× faster", "no difference"]
    table = [line.text for row in tables_of(overview)[0].rows for line in row[2].lines]
    assert "21.36× faster [21.36, 21.36]" in table
    texts = [text.get_text() for text in speedup_plot(marks, "CPU", LIGHT).axes[0].texts]
    assert texts == ["21.36× faster", "no difference"]


def test_nothing_is_concluded_from_a_contaminated_figure_and_its_bar_says_so() -> None:
    overview, _ = rich_run()
    marks = {mark.model: mark for mark in _speedups(overview)}
    assert (marks["ant"].undecided, marks["ant"].text) == (True, "undecided: contaminated")
    assert (marks["zebra"].undecided, marks["zebra"].text) == (False, "4.00× faster, suspect")
    zebra, ant, _ = speedup_plot(list(marks.values()), "cpu", LIGHT).axes[0].patches
    assert (ant.get_linestyle(), ant.get_hatch()) == ("--", "")
    assert LIGHT.named()["plot-muted"] == LIGHT.muted
    assert matplotlib.colors.to_hex(ant.get_edgecolor()) == LIGHT.muted
    assert matplotlib.colors.to_hex(zebra.get_facecolor()) == LIGHT.series[1]


def test_a_device_has_one_colour_and_one_mark_in_everyplot_of() -> None:
    theirs = FileSource(
        name="theirs",
        figures=[
            published("zebra", "tpu", "Their TPU", latency_ms="3"),
            published("zebra", "jetson", "Jetson, half", latency_ms="5"),
            published("zebra", "jetson", "Jetson, float", latency_ms="9"),
        ],
    )
    others = replace(
        theirs, name="others", figures=[published("zebra", "tpu", "Stick", latency_ms="4", source="others")]
    )
    overview, traces = rich_run(theirs, others)
    looks = {system.name: look for system, look in looks_of(overview).items()}
    assert looks["tpu"] == looks["Their TPU"] == SeriesStyle(1)  # filled and hollow
    assert looks["Stick"] == SeriesStyle(1, shape=1)  # told from the other one that was published
    assert len({looks[name].colour for name in ("cpu", "tpu", "Jetson, half", "Jetson, float")}) == 4
    assert {trace.look for trace in traces.values() if trace.device == "tpu"} == {SeriesStyle(1)}
    colour, marker = LIGHT.series[1], marker_of(SeriesStyle(1))
    marks = [mark for mark in _speedups(overview) if mark.device == "tpu"]
    bars = speedup_plot(marks[:1], "cpu", LIGHT).axes[0].patches
    assert matplotlib.colors.to_hex(bars[0].get_facecolor()) == colour
    points = latency_plot(marks[:1], LIGHT).axes[0].lines
    assert (colour, marker) in {(line.get_color(), line.get_marker()) for line in points}
    trace = next(trace for trace in traces.values() if trace.device == "tpu")
    assert colour in {line.get_color() for line in samples_plot(trace, LIGHT).axes[0].lines}
    drift = drift_plot([trace], LIGHT).axes[0].lines
    assert (colour, marker) in {(line.get_color(), line.get_marker()) for line in drift}


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [
        ("Dev Board with Edge TPU", 15, ["Dev Board with", "Edge TPU"]),
        ("CPU of Intel Xeon E5-1650 v3 (3.50 GHz)", 30, ["CPU of Intel Xeon E5-1650 v3", "(3.50 GHz)"]),
        ("mobilenet_v1_with_a_tail", 15, ["mobilenet_v1_", "with_a_tail"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("", 4, [""]),
    ],
)
def test_names_are_wrapped_and_never_cut(name: str, width: int, lines: list[str]) -> None:
    assert wrapped(name, width).split("\n") == lines


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_many_models_share_a_line_each_and_every_name_is_there(layout: Layout) -> None:
    overview, traces = many(MOST_NAMED * 2 + 2, "a-device-with-a-long-name", "another-device", "third")
    for plot in overview_plots(overview, traces).main:
        texts = texts_in(svg(plot, layout=layout))
        joined = "".join(texts)
        assert all(f"network_{number}" in texts for number in range(16))
        assert joined.count("third") > 10  # who is fastest stands beside its line
        assert plot.draw(LIGHT, layout).get_figheight() < 10
    drift = overview_plots(overview, traces).drift
    assert drift
    assert len([text for text in texts_in(svg(drift)) if text.startswith("network_")]) == 3  # one a panel, no legend


def test_forty_devices_can_be_told_apart_without_colour_and_with_it() -> None:
    assert len(MARKERS) == len(HATCHES) != len(LIGHT.series)
    for looks in (marker_of, hatch_of):
        pairs = {(LIGHT.colour_of(SeriesStyle(one)), looks(SeriesStyle(one))) for one in range(40)}
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
    trace = trace_of(
        case, "m", "cpu", SeriesStyle(0), lambda _, phase: dict(enumerate(rounds)) if phase == "steady" else warmup
    )
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
        replace(case, rounds=(first, case.rounds[1], last)),
        "m",
        "cpu",
        SeriesStyle(0),
        lambda *_: dict(enumerate(rounds)),
    )
    assert trace
    texts = texts_in(svg(case_plot(trace, 1)))
    assert [texts.count(word) for word in ("not counted", "disturbed")] == [1, 1]
    assert trace.samples == 400  # those that count


def test_samples_that_are_all_alike_can_be_drawn() -> None:
    same = [np.full(50, 1_000_000), np.full(50, 1_000_000)]
    trace = trace_of(case_of("m", "cpu", same), "m", "cpu", SeriesStyle(0), lambda *_: dict(enumerate(same)))
    assert trace
    assert "1.0000 ms" in texts_in(svg(case_plot(trace, 1)))


def test_an_interval_that_reaches_down_to_0_is_drawn_on_an_axis_that_ends_above_it() -> None:
    axes = matplotlib.figure.Figure().add_subplot()
    log_axis(axes, 0.0, 2.0, 1.1)
    low, high = axes.get_xlim()
    assert 0 < low < 1e-5
    assert 2 < high < 4
