"""What the bundled plugins state of their devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench_edgetpu.peaks import chip_peaks, stick_peaks, streamed
from devbench_jetson.peaks import gpu_peaks


@pytest.mark.parametrize(
    ("facts", "link_per_s", "tops"),
    [
        ({"link": "USB 3.0"}, {500e6}, 4),
        ({"link": "USB 2.0"}, {53.248e6}, 4),
        ({"link": "USB 5000 Mbit/s", "delegate_build": "max"}, {500e6}, 4),
        ({"link": "USB 10000 Mbit/s"}, {500e6}, 4),
        ({"link": "USB 480 Mbit/s", "delegate_build": "std"}, {53.248e6}, 2),
        ({"link": "USB 5000 Mbit/s", "delegate_options": "Performance=Low,device=usb:0"}, {500e6}, 0.504),
        ({"link": "USB ? Mbit/s"}, {500e6, 53.248e6}, 4),
        ({}, {500e6, 53.248e6}, 4),
    ],
)
def test_a_stick_is_as_fast_as_its_port_and_its_clock(
    facts: dict[str, str], link_per_s: set[float], tops: float
) -> None:
    found = list(stick_peaks(facts))
    assert {one.per_s for one in found if one.wall == "link"} == link_per_s
    assert all(one.per_s == pytest.approx(tops * 1e12) for one in found if one.wall == "compute")
    assert all(one.source for one in found)


def test_the_std_library_slows_no_chip_on_pcie() -> None:
    compute = next(one for one in chip_peaks({"delegate_build": "std"}) if one.wall == "compute")
    assert compute.per_s == 4e12


@pytest.mark.parametrize(
    ("board", "of", "precisions"),
    [
        ("NVIDIA Jetson TX2", "Jetson TX2", {"float16", "float32"}),
        ("NVIDIA Jetson Nano", "Jetson Nano", {"float16", "float32"}),
        ("NVIDIA Jetson Nano Developer Kit", "Jetson Nano", {"float16", "float32"}),
        ("NVIDIA Jetson Orin Nano Developer Kit", "Jetson Orin Nano", {"int8", "float16"}),
        ("NVIDIA Jetson AGX Orin Developer Kit", "Jetson AGX Orin", {"int8", "float16"}),
        ("NVIDIA Jetson Xavier NX Developer Kit", "Jetson Xavier NX", {"int8", "float16"}),
        ("Jetson-AGX", "Jetson AGX Xavier", {"int8", "float16"}),
    ],
)
def test_a_jetson_is_known_by_its_board(board: str, of: str, precisions: set[str]) -> None:
    found = list(gpu_peaks({"board": board}))
    assert {one.of for one in found} == {of}
    assert {one.precision for one in found if one.wall == "compute"} == precisions
    assert list(gpu_peaks({"host": board})) == found, "as published tables have it"


def test_a_board_that_is_not_listed_has_no_peaks_and_an_unnamed_one_has_all() -> None:
    assert list(gpu_peaks({"board": "NVIDIA Jetson TX1"})) == []
    assert len({one.of for one in gpu_peaks({})}) == 8


def test_what_is_streamed_stands_in_a_compiled_file_and_is_a_range_in_another(google_models: Path) -> None:
    found = streamed(google_models / "movenet_single_pose_lightning_ptq_edgetpu.tflite")
    assert (found.least_bytes, found.most_bytes) == (2368, 2368)
    small = streamed(google_models / "mobilenet_v2_1.0_224_quant.tflite")
    assert (small.least_bytes, small.most_bytes) == (0, 0)
