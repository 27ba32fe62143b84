"""`devbench predict`: how long would a model take on devices that nobody here has? From figures that others published."""

from __future__ import annotations

_FLOATS = ("float64", "float32", "float16")
_IMAGE = 4  # sizes: batch, height, width, channels
