"""Learning the last layer where the network runs, as a benchmark: what a picture costs, and what is known after a few.

`measure_learning` is the door.
"""

from devbench.learn.measure import measure_learning
from devbench.learn.results import HeadResult, LearnResult, Workload, vendor_workload

__all__ = ["HeadResult", "LearnResult", "Workload", "measure_learning", "vendor_workload"]
