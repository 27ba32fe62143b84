"""How good is `devbench predict`? Each published network predicted from all others, beside the goals.

    uv run python benchmarks/prediction.py [--table KEY] [--verbose]
    uv run python benchmarks/prediction.py --write-figures     # devbench/predict/figures.csv, from results/published

For each table: the error of all networks, and of those that would be given a number; the factor on either side of the
80 % and 90 % intervals; and how many networks lie inside intervals that know nothing of them, as the errors behind an
interval are of fits without that network, too. Exits with 1 if a goal is not met.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.models.networks import known_network
from devbench.predict.network import published_networks
from devbench.predict.prediction import Prediction, predict_one
from devbench.predict.study import Study, study_of
from devbench.predict.tables import Table, published_tables

PUBLISHED = Path(__file__).parents[1] / "results" / "published"
FIGURES = Path(__file__).parents[1] / "devbench" / "predict" / "figures.csv"
HEAD = """\
# Published times of networks that devbench/models/networks.csv counts. Made by benchmarks/prediction.py --write-figures
# from results/published; case names the row there. A rate became one over it, which holds for one inference at a time.
"""
_INPUTS = {  # where a source names no input size, or another than its published file has
    "efficientnet_edgetpu_s": "224x224",
    "efficientnet_edgetpu_m": "240x240",
    "ssd_mobilenet_v1": "300x300",
    "ssd_mobilenet_v2": "300x300",
    "ssd_mobilenet_v2_face": "320x320",
}
_CORAL = ("coral-docs-benchmarks", "coral-faq-2019", "google-coral-reference-2019-09")
GOALS = {"cpu": (0.10, 1.5), "edge tpu": (0.15, 2.5)}


def figures() -> str:
    """The text of figures.csv."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["table", "network", "input", "latency_ms", "case"])
    for table in published_tables().values():
        with (PUBLISHED / f"{table.source}.csv").open(newline="") as file:
            writer.writerows(_rows(table, csv.DictReader(file)))
    return HEAD + buffer.getvalue()


def _rows(table: Table, rows: Iterator[dict[str, str]]) -> Iterator[list[object]]:
    for row in rows:
        if (row["device"], row["place"]) != (table.device, table.place) or row["status"] != "published":
            continue
        known = known_network(row["model"])
        size = _size(known.name, row["input_shape"]) if known else ""
        if known and (known.name, size) in published_networks():
            latency = float(row["latency_ms"]) if row["latency_ms"] else 1e3 / float(row["throughput_per_s"])
            yield [table.key, known.name, size, f"{latency:.6g}", row["case"]]


def _size(name: str, printed: str) -> str:
    """The documentation's 224x224 is wrong for SSD; other sizes than square ones are other networks."""
    return _INPUTS.get(name, printed) if printed in ("", "224x224") else printed


@dataclass(frozen=True)
class Held:
    """What a table without one network says of that network, and whether it is so."""

    predicted: Prediction
    published_ms: float

    def inside(self, level: float) -> bool | None:
        """None where there is no such interval."""
        ends = self.predicted.interval_90 if level == 0.9 else self.predicted.interval_80
        return None if ends is None else ends[0] <= self.published_ms <= ends[1]


def held_out(study: Study) -> list[Held]:
    """Each network of the table, predicted with an interval that does not know it."""
    return [
        Held(predict_one(figure.network, study.without(figure.network)), figure.latency_ms) for figure in study.figures
    ]


_FAMILIES = ("mobilenet", "resnet", "inception", "vgg", "efficientnet", "densenet", "squeezenet")


def without_families(study: Study) -> list[Held]:
    """Each network predicted without all of its family, where a number is given then."""
    found = []
    for family in _FAMILIES:
        others = study
        members = [one for one in study.figures if family in one.network.name]
        for figure in members:
            others = others.without(figure.network)
        if others.figures:
            found += [Held(predict_one(one.network, others), one.latency_ms) for one in members]
    return [one for one in found if one.predicted.expected_ms is not None]


def elsewhere() -> list[tuple[Table, Held, float]]:
    """Figures of other tables of nominally the same device, predicted without their network; the tables' own ones, too.

    They say whether intervals hold for a device of somebody else.
    """
    found = []
    for table in published_tables().values():
        if table.source != _CORAL[0]:
            continue
        study = study_of(table.key)
        own = {figure.network: figure.latency_ms for figure in study.figures}
        for source in _CORAL[1:]:
            with (PUBLISHED / f"{source}.csv").open(newline="") as file:
                for row in csv.DictReader(file):
                    known = known_network(row["model"])
                    network = known and published_networks().get(
                        (known.name, _size(known.name, row["input_shape"]) or known.input_size)
                    )
                    if row["device"] == table.device and "Raspberry" not in row["place"] and network in own:
                        held = Held(predict_one(network, study.without(network)), float(row["latency_ms"]))
                        found.append((table, held, math.log(held.published_ms / own[network])))
    return found


def _kind(table: Table) -> str:
    return "edge tpu" if table.edge_tpu else "cpu" if table.device.endswith("cpu") else ""


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.0%}" if values else "-"


def _factor(value: float | None) -> str:
    return f"×{value:.2f}" if value else "-"


def _share(values: Sequence[bool | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known)}/{len(known)}" if known else "-"


_COLUMNS = (
    "table",
    "networks",
    "error, all: median, largest",
    "given",
    "error, given: median, largest",
    "90 %: half width, inside",
    "80 %: half width, inside",
    "goals",
)


def print_study(tables: Sequence[Table]) -> bool:
    """Whether every goal was met."""
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    pooled: dict[float, list[bool]] = {0.9: [], 0.8: []}
    met = True
    for table in tables:
        study = study_of(table.key)
        held = held_out(study)
        every, given = [miss.error for miss in study.misses], [miss.error for miss in study.given]
        cells = [table.title, str(len(every)), f"{_median(every)}, {max(every):.0%}", str(len(given))]
        cells.append(f"{_median(given)}, {max(given):.0%}" if given else "-")
        for level, inside in pooled.items():
            found = [one.inside(level) for one in held]
            inside += [value for value in found if value is not None]
            cells.append(f"{_factor(study.half_width(level))}, {_share(found)}")
        verdicts = _verdicts(study)
        met &= not any("NOT" in one for one in verdicts)
        print(f"| {' | '.join([*cells, ', '.join(verdicts)])} |", flush=True)
    print()
    for level, inside in pooled.items():
        share = f", {sum(inside) / len(inside):.0%}" if inside else ""
        print(f"Inside the {level:.0%} intervals, all tables: {sum(inside)} of {len(inside)}{share}")
    return met


def _verdicts(study: Study) -> list[str]:
    """Which goals the table has, and whether they are met."""
    kind = _kind(study.table)
    if not kind or study.table.relative:
        return []
    most_error, most_width = GOALS[kind]
    error, width = statistics.median(miss.error for miss in study.misses), study.half_width(0.9)
    return [
        f"error {'met' if error <= most_error else 'NOT met'}",
        "no 90 %" if width is None else f"width {'met' if width <= most_width else 'NOT met'}",
    ]


def print_elsewhere() -> None:
    families = [
        one
        for table in published_tables().values()
        if not table.unusable
        for one in without_families(study_of(table.key))
    ]
    for level in (0.9, 0.8):
        inside = _share([one.inside(level) for one in families])
        print(f"With the whole family left out, inside the {level:.0%} intervals: {inside}")
    others = elsewhere()
    for level in (0.9, 0.8):
        inside = _share([one.inside(level) for _, one, _ in others])
        print(f"Other tables of the same devices, inside the {level:.0%} intervals: {inside}")
    apart = math.sqrt(statistics.fmean(difference**2 for *_, difference in others))
    print(f"The same network there and here differs by {apart:.3f} (root mean square of the logarithm)")


def _print_table(study: Study) -> None:
    print(f"\n{study.table.title} ({study.table.runtime})")
    terms = zip(study.sum.shape.terms, study.sum.costs, strict=True)
    print("  " + ", ".join(f"{term.name} {cost * study.sum.factor:.3g}" for term, cost in terms))
    for miss in study.misses:
        print(f"  {miss.figure.network.label}: {miss.figure.latency_ms:g} ms, predicted {miss.predicted_ms:.3g},"
              f" {math.expm1(miss.log_error):+.0%}{'; no number: ' + miss.reason if miss.reason else ''}")  # fmt: skip
    for label, reason in study.table.excluded.items():
        print(f"  left out: {label}: {reason}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--table",
        choices=[table.key for table in published_tables().values() if not table.unusable],
        help="only this one",
    )
    parser.add_argument("--verbose", action="store_true", help="each network, and the costs that were fitted")
    parser.add_argument("--write-figures", action="store_true")
    arguments = parser.parse_args()
    if arguments.write_figures:
        FIGURES.write_text(figures())
        return 0
    tables = [
        table for table in published_tables().values() if not table.unusable and arguments.table in (None, table.key)
    ]
    met = print_study(tables)
    if not arguments.table:
        print_elsewhere()
    for table in tables if arguments.verbose else ():
        _print_table(study_of(table.key))
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
