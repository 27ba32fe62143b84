"""What statistics come to, as types for those who show it and compute nothing: `devbench.stats` makes the values."""

from devbench.stats import AllanPoint, Bands, Interval

__all__ = ["AllanPoint", "Bands", "Interval"]
