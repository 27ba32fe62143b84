"""What published figures say of a network that they do not have, and when they say nothing."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from devbench.predict.advice import advice
from devbench.predict.network import Network, published_networks
from devbench.predict.prediction import predict_one
from devbench.predict.shapes import Wall
from devbench.predict.study import study_of
from devbench.predict.tables import Figure, published_tables

RESNET_50 = published_networks()["resnet_v1_50", "299x299"]
MOBILENET_V1 = published_networks()["mobilenet_v1", "224x224"]
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "prediction.py"


@pytest.mark.parametrize("network", [RESNET_50, MOBILENET_V1], ids=["resnet", "mobilenet"])
@pytest.mark.parametrize("key", ["coral-usb", "coral-dev-board", "desktop-cpu", "coral-dev-board-cpu"])
def test_a_network_left_out_lies_in_the_interval_of_the_others(key: str, network: Network) -> None:
    (published,) = [one.latency_ms for one in study_of(key).figures if one.network == network]
    found = predict_one(network, study_of(key).without(network))
    assert found.interval_90 is not None
    assert found.interval_90[0] < published < found.interval_90[1]
    assert found.nearest is not None
    assert found.nearest.network != network


def test_rows_are_left_out_by_the_written_rules_and_no_others() -> None:
    left_out = {
        table.key: {label.split()[0] for label in table.excluded}
        for table in published_tables().values()
        if table.source.endswith("marks")
    }
    on_tpus = {"inception_resnet_v2", "ssd_mobilenet_v1", "ssd_mobilenet_v2"}
    assert left_out == {
        "coral-usb": on_tpus,
        "coral-dev-board": on_tpus,
        "desktop-cpu": {"efficientnet_edgetpu_s", "efficientnet_edgetpu_m"},
        "coral-dev-board-cpu": set(),
    }
    reason = published_tables()["coral-usb"].excluded["inception_resnet_v2 299×299"]
    assert "57 ms is below what the hardware allows" in reason


def test_a_figure_below_the_limit_does_not_count_whatever_it_is_of() -> None:
    table, vgg = published_tables()["coral-usb"], published_networks()["vgg16", "224x224"]
    assert not table.reason_against(Figure(vgg, 296, ""))
    assert "below what the hardware allows" in table.reason_against(Figure(vgg, 250, ""))


def test_few_networks_have_no_90_percent_interval() -> None:
    found = predict_one(MOBILENET_V1, study_of("raspberry-pi-4"))
    assert found.networks < 10
    assert found.interval_90 is None
    assert found.interval_80 is not None
    wider = predict_one(MOBILENET_V1, study_of("desktop-cpu"))
    assert wider.interval_90 is not None
    assert wider.interval_80 is not None
    assert wider.interval_90[0] < wider.interval_80[0] < wider.interval_80[1] < wider.interval_90[1]


def test_a_device_with_few_figures_takes_its_shape_from_a_relative() -> None:
    networks = (MOBILENET_V1, RESNET_50)
    here, there = (
        [study_of(key).sum.time_ms(one) for one in networks] for key in ("jetson-nano", "jetson-tx2-tensorrt-half")
    )
    assert here[0] / there[0] == pytest.approx(here[1] / there[1])
    assert here[0] / there[0] == pytest.approx(study_of("jetson-nano").sum.factor)


def test_two_figures_are_too_few_for_a_number() -> None:
    study = study_of("raspberry-pi-4")
    two = tuple(one for one in study.figures if one.network.name in ("mobilenet_v1", "mobilenet_v2"))
    found = predict_one(MOBILENET_V1, replace(study, figures=two))
    assert found.expected_ms is None
    assert "too few" in found.reason


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (replace(MOBILENET_V1, macs_other=1e9), "matrix products and recurrent layers"),
        (replace(MOBILENET_V1, macs_dense=1e9), "dense layers"),
        (MOBILENET_V1.smaller(0.3), "51 M multiply-accumulates are far below"),
        (replace(MOBILENET_V1, activation_bytes=1e9), "activation bytes"),
        (replace(MOBILENET_V1, weight_bytes=6e7), "weight bytes for each"),
        (
            Network(
                name="",
                input="",
                macs_1x1=0,
                macs_kxk=0,
                macs_depthwise=0,
                macs_dense=0,
                weight_bytes=9,
                activation_bytes=9,
            ),
            "no convolutions",
        ),
    ],
)
def test_a_network_unlike_all_others_gets_no_number_and_why(network: Network, reason: str) -> None:
    found = predict_one(network, study_of("coral-usb"))
    assert found.expected_ms is None
    assert found.interval_90 is None
    assert reason in found.reason


def test_what_does_not_fit_the_memory_makes_the_link_the_wall() -> None:
    assert predict_one(RESNET_50, study_of("coral-usb")).wall is Wall.LINK
    assert predict_one(MOBILENET_V1, study_of("coral-usb")).wall is not Wall.LINK
    compiled = replace(RESNET_50, known_streamed_bytes=0)  # as a compiled file says
    assert predict_one(compiled, study_of("coral-usb")).wall is not Wall.LINK


def test_no_interval_reaches_below_what_the_hardware_allows() -> None:
    vgg = published_networks()["vgg16", "224x224"]
    found = predict_one(vgg, study_of("coral-usb"))
    assert found.expected_ms is not None
    assert found.interval_90 is not None
    assert found.interval_90[0] == pytest.approx((vgg.weight_bytes - 7.88 * 2**20) / 500e6 * 1e3)
    sent_all = replace(vgg, known_streamed_bytes=300e6)
    slow = predict_one(sent_all, study_of("coral-usb"))
    assert slow.interval_90 is not None
    assert slow.interval_90[0] >= 600


def _advice(network: Network) -> list[str]:
    return advice(network, [predict_one(network, study_of("coral-usb"))], [study_of("coral-usb")])


def test_advice_names_the_width_that_fits_and_the_time_then() -> None:
    sent = 25_613_152 * 1.1 / 1e6 - 7.86
    (line,) = [one for one in _advice(replace(RESNET_50, weight_bytes=25_613_152)) if "sent to" in one]
    assert line.startswith(
        f"{sent:.1f} MB of weights are sent to an Edge TPU with every inference; a width of 0.5 would probably fit"
    )
    assert "ms on Coral USB Accelerator" in line
    little = replace(RESNET_50, weight_bytes=10e6)
    assert "a width of 0.75 would fit" in _advice(little)[0]
    vgg = published_networks()["vgg16", "224x224"]
    assert "even a width of 0.25 would not fit" in _advice(vgg)[0]
    assert not any("sent to" in one for one in _advice(MOBILENET_V1))


def test_the_figures_are_those_of_results_published() -> None:
    specification = importlib.util.spec_from_file_location("prediction_benchmark", BENCHMARK)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "prediction_benchmark", module)
        specification.loader.exec_module(module)
    assert module.FIGURES.read_text() == module.figures()
