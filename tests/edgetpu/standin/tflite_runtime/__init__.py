"""LiteRT under the name of tflite-runtime, which needs an older Python: the interface is the same."""

__version__ = "2.5.0.post1"
