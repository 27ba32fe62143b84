"""How good is `devbench predict`? Each published network predicted from all others, beside the goals.

    uv run python benchmarks/prediction.py [--verbose] [--write-figures]

For each table: the error of all networks, and of those that would be given a number; the factor on either side of the 80 %
and 90 % intervals; and how many of the networks lie inside intervals that were made without them, the errors behind these
intervals included. Exits with 1 if a goal is not met. --write-figures makes devbench/predict/figures.csv of results/published.
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

from devbench.predict.network import published_networks
from devbench.predict.prediction import Prediction, predict_one
from devbench.predict.study import Study, study_of
from devbench.predict.tables import TABLES, Table

PUBLISHED = Path(__file__).parents[1] / "results" / "published"
FIGURES = Path(__file__).parents[1] / "devbench" / "predict" / "figures.csv"
HEAD = """\
# Published times of networks that networks.csv counts. Made by benchmarks/prediction.py --write-figures from
# results/published; case names the row there. A rate became one over it, which holds for one inference at a time.
"""
# Where a source names no input size, or another than its published file has.
_INPUTS = {
    "efficientnet_edgetpu_s": "224x224",
    "efficientnet_edgetpu_m": "240x240",
    "ssd_mobilenet_v1": "300x300",
    "ssd_mobilenet_v2": "300x300",
    "ssd_mobilenet_v2_face": "320x320",
}
_NAMES = {
    "mobilenet_ssd_v1_coco_quant_postprocess": "ssd_mobilenet_v1",
    "mobilenet_ssd_v2_coco_quant_postprocess": "ssd_mobilenet_v2",
    "mobilenet_ssd_v2_face_quant_postprocess": "ssd_mobilenet_v2_face",
    "ssd_mobilenet_v1_coco": "ssd_mobilenet_v1",
    "resnet_50": "resnet_v1_50",  # the Nano's page does not say which version; they differ by a tenth
}
GOALS = {"cpu": (0.10, 1.5), "edge tpu": (0.15, 2.5)}


def figures() -> str:
    """The text of figures.csv."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["table", "network", "input", "latency_ms", "case"])
    for table in TABLES:
        with (PUBLISHED / f"{table.source}.csv").open(newline="") as file:
            writer.writerows(_rows(table, csv.DictReader(file)))
    return HEAD + buffer.getvalue()


def _rows(table: Table, rows: Iterator[dict[str, str]]) -> Iterator[list[object]]:
    for row in rows:
        if (row["device"], row["place"]) != (table.device, table.place) or row["status"] != "published":
            continue
        name = _NAMES.get(row["model"], row["model"])
        size = row["input_shape"] if name.startswith("ssd") and "x" in row["input_shape"] else ""
        size = size if size not in ("", "224x224") else _INPUTS.get(name, row["input_shape"])
        if (name, size) in published_networks():
            latency = float(row["latency_ms"]) if row["latency_ms"] else 1e3 / float(row["throughput_per_s"])
            yield [table.key, name, size, f"{latency:.6g}", row["case"]]


@dataclass(frozen=True)
class Held:
    """What a table without one network says of that network, and whether it is so."""

    predicted: Prediction
    published_ms: float

    def inside(self, level: float) -> bool | None:
        """None where there is no such interval."""
        ends = self.predicted.interval_90 if level == 0.9 else self.predicted.interval_80
        return None if ends is None else ends[0] <= self.published_ms <= ends[1]

    def half_width(self, level: float) -> float | None:
        ends = self.predicted.interval_90 if level == 0.9 else self.predicted.interval_80
        return None if ends is None else math.sqrt(ends[1] / ends[0])


def held_out(study: Study) -> list[Held]:
    """Each network of the table, predicted with an interval that does not know it."""
    return [
        Held(predict_one(figure.network, study.without(figure.network)), figure.latency_ms) for figure in study.figures
    ]


def _kind(table: Table) -> str:
    return "edge tpu" if table.edge_tpu else "cpu" if table.device.endswith("cpu") else ""


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.0%}" if values else "-"


def _factor(value: float | None) -> str:
    return f"×{value:.2f}" if value else "-"


def _share(values: Sequence[bool | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known)}/{len(known)}" if known else "-"


def print_study(verbose: bool) -> bool:
    """Whether every goal was met."""
    print("| table | networks | error, all: median, largest | given | error, given: median, largest | 90 %: half width, inside"
          " | 80 %: half width, inside | goals |")  # fmt: skip
    print("|---|--:|---|--:|---|---|---|---|")
    pooled: dict[float, list[bool]] = {0.9: [], 0.8: []}
    met = True
    for table in TABLES:
        if table.unusable:
            continue
        study = study_of(table)
        held = held_out(study)
        every, given = [miss.error for miss in study.misses], [miss.error for miss in study.given]
        cells = [table.title, str(len(every)), f"{_median(every)}, {max(every):.0%}", str(len(given))]
        cells.append(f"{_median(given)}, {max(given):.0%}" if given else "-")
        for level, inside in pooled.items():
            found = [one.inside(level) for one in held]
            inside += [value for value in found if value is not None]
            cells.append(f"{_factor(study.half_width(level))}, {_share(found)}")
        verdicts = []
        if (kind := _kind(table)) and not table.relative:
            most_error, most_width = GOALS[kind]
            width = study.half_width(0.9)
            verdicts = [
                f"error {'met' if statistics.median(every) <= most_error else 'NOT met'}",
                "no 90 %" if width is None else f"width {'met' if width <= most_width else 'NOT met'}",
            ]
        met &= not any("NOT" in one for one in verdicts)
        print(f"| {' | '.join([*cells, ', '.join(verdicts)])} |")
    print()
    for level, inside in pooled.items():
        print(
            f"Inside the {level:.0%} intervals, all tables: {sum(inside)} of {len(inside)}, {sum(inside) / len(inside):.0%}"
        )
    for table in TABLES if verbose else ():
        _print_table(study_of(table))
    return met


def _print_table(study: Study) -> None:
    print(f"\n{study.table.title} ({study.table.runtime}): " + (study.table.unusable or ""))
    if study.table.unusable:
        return
    terms = zip(study.sum.shape.terms, study.sum.costs, strict=True)
    print("  " + ", ".join(f"{term.name} {cost * study.sum.factor:.3g}" for term, cost in terms))
    for miss in study.misses:
        print(f"  {miss.figure.network.label}: {miss.figure.latency_ms:g} ms, predicted {miss.predicted_ms:.3g},"
              f" {math.expm1(miss.log_error):+.0%}{'; no number: ' + miss.reason if miss.reason else ''}")  # fmt: skip
    for label, reason in study.table.excluded.items():
        print(f"  left out: {label}: {reason}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbose", action="store_true", help="each network, and the costs that were fitted")
    parser.add_argument("--write-figures", action="store_true")
    arguments = parser.parse_args()
    if arguments.write_figures:
        FIGURES.write_text(figures())
    return int(not print_study(arguments.verbose))


if __name__ == "__main__":
    sys.exit(main())
