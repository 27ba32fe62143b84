"""The least time that the hardware allows for each figure: what the work is, what the peaks are, which wall is highest.

One door: `Limits`, which is asked for the limit of a figure, or of a model file on every device that is known.
"""

from devbench.limits.limits import Limits

__all__ = ["Limits"]
