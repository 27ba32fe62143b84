"""Runs, results CSVs and published figures as pandas data frames: what a notebook imports.

    import devbench.data

    results = devbench.data.open("results/published/coral-docs-benchmarks.csv").results

docs/data.md shows it. No command imports this, and pandas is loaded with the first data frame.
"""

from devbench.data.changes import compare
from devbench.data.dataset import Dataset, columns
from devbench.data.dataset import open_dataset as open  # noqa: A004 - as in devbench.data.open
from devbench.data.plot import Plot

__all__ = ["Dataset", "Plot", "columns", "compare", "open"]
