"""Drives LiteRT or tflite-runtime on the CPU. Travels with the worker, where `.tflite_interpreter` stands beside it."""

from .tflite_interpreter import TfliteEngine as Engine  # noqa: F401 - the worker looks for this name
