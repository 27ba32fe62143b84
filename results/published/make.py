"""Makes the published CSVs and their datapackage.json from the tables in raw/, so that each figure can be traced.

    uv run python results/published/make.py

raw/ holds the figures with the digits that the source prints. What a source does not state stays empty here.
A figure's interval is what the rounding of its last digit allows.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from devbench.domain.columns import NAMES, SCHEMA
from devbench.files import write_whole
from devbench.store.package import PackagedFile, write_package
from devbench.store.results_file import write_results

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from tables import TABLES, Table, identity  # noqa: E402 - stands beside this script


def main() -> None:
    for table in TABLES:
        write_whole(HERE / f"{table.name}.csv", write_results(rows(table)).encode())
    sources = [
        PackagedFile(file=f"{one.name}.csv", title=one.title, path=one.url, date=one.date, notes=one.notes)
        for one in TABLES
    ]
    write_package(HERE, "devbench-published", sources)


def rows(table: Table) -> Iterator[dict[str, str]]:
    """A row for each figure of the table, and for each that says that it did not run."""
    with (HERE / "raw" / f"{table.name}.csv").open(newline="") as file:
        for raw in csv.DictReader(file):
            model = identity(raw)
            for column, about in table.columns_for(raw).items():
                if raw[column]:
                    cells = {**model, **table.common, **about, **figure(raw[column], column)}
                    yield row(table, cells, f"{' '.join(raw[key] for key in table.keys)} / {column}")


def row(table: Table, cells: Mapping[str, str], case: str) -> dict[str, str]:
    return {
        **dict.fromkeys(NAMES, ""),
        "schema": str(SCHEMA),
        "source": table.name,
        "source_url": table.url,
        "case": case,
        **cells,
    }


def figure(printed: str, column: str) -> dict[str, str]:
    """The cells of one printed figure; `DNR` is a case that did not run, not a 0."""
    if printed == "DNR":
        return {"status": "failed", "reason": "DNR: did not run; the source does not say why", "statistic": ""}
    half = Decimal(1).scaleb(Decimal(printed).as_tuple().exponent) / 2  # type: ignore[arg-type]
    low, high = Decimal(printed) - half, Decimal(printed) + half
    names = (
        ("throughput_per_s", "throughput_low_per_s", "throughput_high_per_s")
        if column.endswith("_fps")
        else ("latency_ms", "low_ms", "high_ms")
    )
    return {
        "status": "published",
        "interval": "rounding",
        **dict(zip(names, map(str, (printed, low, high)), strict=True)),
    }


if __name__ == "__main__":
    main()
