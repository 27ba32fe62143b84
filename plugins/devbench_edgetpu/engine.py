"""Drives an Edge TPU through LiteRT or tflite-runtime. Travels with the worker, where `.edgetpu` is beside it."""

from .edgetpu import EdgeTpuEngine as Engine  # noqa: F401 - the worker looks for this name
