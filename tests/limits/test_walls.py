"""From work and peaks to the limit: arithmetic that can be done by hand."""

from __future__ import annotations

import pytest

from devbench.domain.limits import Peak, Streamed, Work
from devbench.limits.walls import limit_of
from devbench.stats import Interval

CHIP = Peak(wall="compute", per_s=4e12, precision="int8", source="a datasheet")
LINK = Peak(wall="link", per_s=500e6, keeps_bytes=8_000_000, source="a specification")
MEMORY = Peak(wall="memory", per_s=10e9, keeps_bytes=1_000_000, source="a copy")
NETWORK = Work(macs=12_000_000_000, weight_bytes=43_000_000, input_bytes=268_203, output_bytes=1000, precision="int8")


def _time(ms: float, low: float | None = None, high: float | None = None) -> Interval:
    return Interval(
        estimate=ms, low=low or ms, high=high or ms, level=0.95, between_rounds=True, degrees_of_freedom=1, method=""
    )


def test_the_highest_wall_is_the_limit() -> None:
    found = limit_of(NETWORK, [CHIP, LINK], _time(85))
    assert [(wall.name, round(wall.least_ms, 3)) for wall in found.walls] == [("link", 70.536), ("compute", 6.0)]
    assert found.share == pytest.approx(70.536406 / 85)
    assert not found.below


def test_what_fits_the_chip_does_not_travel_but_inputs_do() -> None:
    small = Work(macs=1000, weight_bytes=7_999_999, input_bytes=500_000, output_bytes=2_000_000, precision="int8")
    link = limit_of(small, [LINK]).named("link")
    assert link is not None and (link.amount, link.weight_bytes) == (2_000_000, 0), "both directions go at once"


def test_a_compiled_file_says_what_travels() -> None:
    work = Work(
        macs=1, input_bytes=100, precision="int8", streamed=Streamed(least_bytes=1_000_000, most_bytes=1_000_000)
    )
    link = limit_of(work, [LINK]).named("link")
    assert link is not None and link.least_ms == pytest.approx(1_000_100 / 500e6 * 1000)


def test_only_a_whole_interval_below_the_limit_is_called_below() -> None:
    assert limit_of(NETWORK, [LINK], _time(60, 55, 65)).below
    assert not limit_of(NETWORK, [LINK], _time(70, 65, 75)).below


def test_weights_that_the_caches_keep_do_not_come_from_memory() -> None:
    kept = Work(macs=1000, weight_bytes=900_000, precision="int8")
    assert limit_of(kept, [MEMORY]).walls == ()
    wall = limit_of(NETWORK, [MEMORY]).wall
    assert wall is not None and wall.least_ms == pytest.approx(4.2)


def test_another_precision_has_no_peak_here_and_that_is_said() -> None:
    found = limit_of(Work(macs=1000, precision="float32"), [CHIP])
    assert found.least_ms is None
    assert found.unknown == ("Its peak in float32 is not known, only that in int8.",)


@pytest.mark.parametrize(
    ("threads", "per_s"), [(1, 100e9), (2, 200e9), (3, 300e9), (8, 350e9), (16, 700e9), (0, 350e9)]
)
def test_threads_are_no_faster_than_as_many_ones_and_no_faster_than_more_of_them(threads: int, per_s: float) -> None:
    peaks = [
        Peak(wall="compute", per_s=100e9, precision="int8", threads=1, source=""),
        Peak(wall="compute", per_s=350e9, precision="int8", threads=8, source=""),
    ]
    wall = limit_of(Work(macs=50_000_000, precision="int8"), peaks, threads=threads).wall
    assert wall is not None and wall.peak.per_s == pytest.approx(per_s)


def test_of_several_that_it_may_be_the_one_counts_that_allows_most() -> None:
    slow = Peak(wall="link", of="USB 2", per_s=50e6, source="")
    fast = Peak(wall="link", of="USB 3", per_s=500e6, source="")
    found = limit_of(NETWORK, [slow, fast])
    assert found.wall is not None and found.wall.peak.of == "USB 3"
    assert found.assumed == ("whether it was USB 2 or USB 3 is not known; USB 3 allows most",)


def test_a_rate_whose_batch_is_unknown_is_held_against_the_operations_alone() -> None:
    found = limit_of(NETWORK, [CHIP, LINK], _time(20), batched=True)
    assert [wall.name for wall in found.walls] == ["compute"]


def test_what_is_not_counted_makes_the_limit_a_lower_one() -> None:
    found = limit_of(Work(macs=1000, precision="int8", complete=False), [CHIP])
    assert "the true limit is higher" in found.unknown[0]


def test_a_point_of_the_roofline_stands_under_its_roof() -> None:
    roof = limit_of(NETWORK, [CHIP, LINK], _time(85)).roof
    assert roof is not None and roof.reached_per_s is not None
    allowed = min(roof.operations_per_s, roof.bytes_per_s * roof.operations_per_byte)
    assert roof.reached_per_s / allowed == pytest.approx(70.536406 / 85), "as near as the limit says"
