"""The published tables, what their sources state, and which of their rows count: by a written rule.

Figures that were measured with another precision or runtime are another table, even on the same device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from devbench.errors import DevbenchError
from devbench.predict.data import read_data
from devbench.predict.network import Network, published_networks
from devbench.predict.shapes import BY_KIND, EDGE_TPU, SHORT, Shape

ENOUGH_FOR_KINDS = 10  # networks; with fewer, costs by kind are not told apart

EDGE_TPU_OPERATIONS_PER_S = 4e12  # coral.ai, "4 TOPS"
LINK_BYTES_PER_S = 500e6  # USB 3 at 5 Gbit/s and PCIe 2 of one lane, less their 8b/10b coding
_LARGEST_CHIP_BYTES = 7.88 * 2**20

_POST_PROCESSING = "its detection post-processing runs on the host, and is not counted here"
_PER_CHANNEL = (
    "an anomaly of the runtime: TensorFlow Lite of the time had no fast kernels on x86 for weights with a scale for"
    " each channel"
)
_SSD = dict.fromkeys(
    ("ssd_mobilenet_v1", "ssd_mobilenet_v2", "ssd_mobilenet_v2_face"), _POST_PROCESSING
)  # on accelerators; a CPU table has host and network on the same processor
_EFFICIENTNETS = dict.fromkeys(("efficientnet_edgetpu_s", "efficientnet_edgetpu_m"), _PER_CHANNEL)


@dataclass(frozen=True)
class Figure:
    """A published time of one inference. case: its row in the CSV of results/published/ that its table names."""

    network: Network
    latency_ms: float
    case: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """One device with one runtime and precision.

    device: its kind in devbench. place: what the row of the source CSV calls it. source: that CSV's name.
    runtime: as far as the source states it. relative: the table whose shape it takes, where its own figures are few.
    with_post_processing: its figures of detection networks include that; it is not in the sum.
    left_out: networks that are not used, with the reason. unusable: why no time is predicted at all.
    """

    key: str
    title: str
    device: str
    source: str
    place: str
    precision: str
    runtime: str
    edge_tpu: bool = False
    relative: str = ""
    with_post_processing: bool = False
    left_out: Mapping[str, str] = field(default_factory=dict)
    unusable: str = ""

    @property
    def figures(self) -> Sequence[Figure]:
        """Those that count."""
        return [figure for figure in figures_of(self.key) if not self.reason_against(figure)]

    @property
    def excluded(self) -> Mapping[str, str]:
        """Those that do not, with the reason."""
        reasons = {figure.network.label: self.reason_against(figure) for figure in figures_of(self.key)}
        return {label: reason for label, reason in reasons.items() if reason}

    def reason_against(self, figure: Figure) -> str:
        """Why the figure does not count; "" if it does."""
        if reason := self.left_out.get(figure.network.name, ""):
            return reason
        floor_ms = least_edge_tpu_ms(figure.network) if self.edge_tpu else 0.0
        if figure.latency_ms < floor_ms:
            return (
                f"{figure.latency_ms:g} ms is below what the hardware allows, {floor_ms:.0f} ms: it is wrong, or of"
                " another network"
            )
        return ""


def least_edge_tpu_ms(network: Network) -> float:
    """The least time on an Edge TPU: all of its 4 TOPS, or the fastest link for what its memory cannot hold."""
    compute_s = 2 * network.macs / EDGE_TPU_OPERATIONS_PER_S
    known = network.known_streamed_bytes
    sent = max(0.0, network.weight_bytes - _LARGEST_CHIP_BYTES) if known is None else known
    link_s = sent / LINK_BYTES_PER_S
    return 1e3 * max(compute_s, link_s)


def shape_of(table: Table, networks: Iterable[object]) -> Shape:
    """The sum for a table with so many networks."""
    if table.edge_tpu:
        return EDGE_TPU
    return BY_KIND if len(list(networks)) >= ENOUGH_FOR_KINDS else SHORT


@cache
def _all_figures() -> Mapping[str, Sequence[Figure]]:
    found: dict[str, list[Figure]] = {}
    texts = ("table", "network", "input", "case")
    for row in read_data("figures.csv", texts=texts, numbers=("latency_ms",)):
        network = published_networks().get((row.texts["network"], row.texts["input"]))
        if network is None:
            raise DevbenchError(
                f"devbench/predict/figures.csv: {row.texts} is not in networks.csv", "Install devbench again."
            )
        figure = Figure(network, row.numbers["latency_ms"], row.texts["case"])
        found.setdefault(row.texts["table"], []).append(figure)
    return found


def figures_of(key: str) -> Sequence[Figure]:
    """All figures of the table whose network is counted."""
    return _all_figures().get(key, ())


_TFLITE = "TensorFlow Lite; version and threads not stated"
_DOCS = "coral-docs-benchmarks"
_REFERENCE = "google-coral-reference-2019-09"
_PYTHON = "TensorFlow Lite of September 2019, Python"
_TX2 = "nvidia-tx2-trt"

TABLES: tuple[Table, ...] = (
    Table(
        key="coral-usb",
        title="Coral USB Accelerator, desktop, USB 3.0",
        device="coral-usb",
        place="Desktop CPU + USB Accelerator (USB 3.0)",
        runtime="Edge TPU, C++; std or max not stated",
        precision="int8",
        edge_tpu=True,
        left_out=_SSD,
        source=_DOCS,
    ),
    Table(
        key="coral-dev-board",
        title="Coral Dev Board",
        device="coral-dev-board",
        place="Dev Board with Edge TPU",
        runtime="Edge TPU, C++",
        precision="int8",
        edge_tpu=True,
        left_out=_SSD,
        source=_DOCS,
    ),
    Table(
        key="coral-usb-raspberry-pi-4",
        title="Coral USB Accelerator, Raspberry Pi 4",
        device="coral-usb",
        place="USB Accelerator on Raspberry Pi 4 B",
        runtime="Edge TPU, Python, September 2019; link not stated",
        edge_tpu=True,
        relative="coral-usb",
        left_out=_SSD,
        source=_REFERENCE,
        precision="int8",
    ),
    Table(
        key="coral-usb-raspberry-pi-3",
        title="Coral USB Accelerator, Raspberry Pi 3 B, USB 2.0",
        device="coral-usb",
        place="USB Accelerator on Raspberry Pi 3 B v1.2",
        runtime="Edge TPU, Python, September 2019",
        edge_tpu=True,
        left_out=_SSD,
        unusable="four figures, and no relative with a link as slow as USB 2.0",
        source=_REFERENCE,
        precision="int8",
    ),
    Table(
        key="jetson-tx2-tensorrt-half",
        title="Jetson TX2, TensorRT, float16",
        place="Jetson TX2, TensorRT half",
        precision="float16",
        runtime="TensorRT 3.0",
        device="jetson",
        source=_TX2,
    ),
    Table(
        key="jetson-tx2-tf-trt-half",
        title="Jetson TX2, TF-TRT, float16",
        place="Jetson TX2, TF-TRT FP16",
        precision="float16",
        runtime="TensorFlow with TensorRT 3.0, MAX-N",
        left_out=_SSD,
        device="jetson",
        source=_TX2,
    ),
    Table(
        key="jetson-tx2-tensorrt-float",
        title="Jetson TX2, TensorRT, float32",
        place="Jetson TX2, TensorRT float",
        precision="float32",
        runtime="TensorRT 3.0",
        device="jetson",
        source=_TX2,
    ),
    Table(
        key="jetson-tx2-tensorflow-float",
        title="Jetson TX2, TensorFlow, float32",
        place="Jetson TX2, TensorFlow float",
        precision="float32",
        runtime="TensorFlow; power mode not stated",
        device="jetson",
        source=_TX2,
    ),
    Table(
        key="jetson-tx2-tensorflow-float-maxn",
        title="Jetson TX2, TensorFlow, float32, MAX-N",
        place="Jetson TX2, TensorFlow FP32",
        precision="float32",
        runtime="TensorFlow, MAX-N",
        left_out=_SSD,
        device="jetson",
        source=_TX2,
    ),
    Table(
        key="jetson-nano",
        title="Jetson Nano",
        device="jetson",
        source="nvidia-jetson-nano-2019",
        place="NVIDIA Jetson Nano",
        precision="",
        runtime="not stated; one over the published rate",
        relative="jetson-tx2-tensorrt-half",
        left_out=_SSD,
    ),
    Table(
        key="desktop-cpu",
        with_post_processing=True,
        title="Desktop CPU",
        device="desktop-cpu",
        place="Desktop CPU",
        precision="",
        runtime=_TFLITE,
        left_out=_EFFICIENTNETS,
        source=_DOCS,
    ),
    Table(
        key="coral-dev-board-cpu",
        with_post_processing=True,
        title="Cortex-A53 of the Dev Board",
        device="coral-dev-board-cpu",
        place="Embedded CPU",
        precision="",
        runtime=_TFLITE,
        source=_DOCS,
    ),
    Table(
        key="raspberry-pi-4",
        with_post_processing=True,
        title="Raspberry Pi 4 B, CPU",
        device="raspberry-pi-cpu",
        place="CPU of Raspberry Pi 4 B",
        runtime=_PYTHON,
        source=_REFERENCE,
        precision="int8",
    ),
    Table(
        key="raspberry-pi-3-plus",
        with_post_processing=True,
        title="Raspberry Pi 3 B+, CPU",
        device="raspberry-pi-cpu",
        place="CPU of Raspberry Pi 3 B+ v1.3",
        runtime=_PYTHON,
        source=_REFERENCE,
        precision="int8",
    ),
    Table(
        key="raspberry-pi-3",
        with_post_processing=True,
        title="Raspberry Pi 3 B, CPU",
        device="raspberry-pi-cpu",
        place="CPU of Raspberry Pi 3 B v1.2",
        runtime=_PYTHON,
        source=_REFERENCE,
        precision="int8",
    ),
    Table(
        key="intel-ncs2",
        title="Intel Neural Compute Stick 2, Raspberry Pi 3",
        device="intel-ncs2",
        source="nvidia-jetson-nano-2019",
        place="Raspberry Pi 3 + Intel Neural Compute Stick 2",
        precision="",
        runtime="not stated",
        left_out=_SSD,
        unusable="three figures, and no relative among the other devices",
    ),
)
BY_KEY: Mapping[str, Table] = {table.key: table for table in TABLES}
