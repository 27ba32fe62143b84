"""Drives LiteRT or tflite-runtime on the CPU. Travels with the worker, where `.tflite_interpreter` stands beside it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devbench.worker.tflite_interpreter import TfliteEngine as Engine
else:
    from .tflite_interpreter import TfliteEngine as Engine  # noqa: F401 - the worker looks for this name
