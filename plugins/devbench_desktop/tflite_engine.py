"""Drives LiteRT or tflite-runtime on the CPU. Travels with the worker, where `.tflite_interpreter` is beside it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devbench.worker.tflite_interpreter import TfliteEngine
else:
    from .tflite_interpreter import TfliteEngine

_PACKAGES = {"litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}


class Engine(TfliteEngine):
    """Either of the two: they have one interface."""

    def __init__(self, runtime: str) -> None:
        super().__init__(_PACKAGES[runtime])
