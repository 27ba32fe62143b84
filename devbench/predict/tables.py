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

_TEXTS = (
    *("key", "title", "device", "source", "place", "precision", "runtime", "sum", "relative", "with_post_processing"),
    "unusable",
)
ENOUGH_FOR_KINDS = 10  # networks; with fewer, costs by kind are not told apart

EDGE_TPU_OPERATIONS_PER_S = 4e12  # coral.ai, "4 TOPS"
LINK_BYTES_PER_S = 500e6  # USB 3 at 5 Gbit/s and PCIe 2 of one lane, less their 8b/10b coding
_LARGEST_CHIP_BYTES = 7.88 * 2**20


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


@cache
def published_tables() -> Mapping[str, Table]:
    """Every table by its key, in the order in which they are shown."""
    left_out: dict[str, dict[str, str]] = {}
    for row in read_data("left_out.csv", texts=("table", "network", "reason"), numbers=()):
        left_out.setdefault(row.texts["table"], {})[row.texts["network"]] = row.texts["reason"]
    return {row.texts["key"]: _table(row.texts, left_out) for row in read_data("tables.csv", texts=_TEXTS, numbers=())}


def _table(texts: Mapping[str, str], left_out: Mapping[str, Mapping[str, str]]) -> Table:
    told = {name: texts[name] for name in _TEXTS if name not in ("sum", "with_post_processing")}
    return Table(
        **told,
        edge_tpu=texts["sum"] == "accelerator",
        with_post_processing=texts["with_post_processing"] == "yes",
        left_out=left_out.get(texts["key"], {}),
    )
