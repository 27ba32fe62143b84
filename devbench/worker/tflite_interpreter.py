"""A TensorFlow Lite interpreter as an engine, for engine files to build on.

An engine file says `from .tflite_interpreter import TfliteEngine` and names the package that holds the interpreter;
one with a delegate overrides `delegates`.
"""

import importlib
from typing import Any, Callable, Dict, List, Tuple

import numpy


class TfliteEngine:
    """load, feed, invoke, outputs: the four steps of a case, with the facts worth recording."""

    invoke: Callable[[], object]  # the runtime's own call, looked up once a model is open

    def __init__(self, package: str) -> None:
        self._package = importlib.import_module(package)
        self.module = importlib.import_module(package + ".interpreter")
        self._interpreter: Any = None

    def facts(self) -> Dict[str, str]:
        """Versions of what is loaded, as text."""
        return {"runtime_version": getattr(self._package, "__version__", "unknown"), "numpy": numpy.__version__}

    def delegates(self, options: Dict[str, Any]) -> List[Any]:  # noqa: ARG002 - for those that override it
        """Delegates that the interpreter is given; none here."""
        return []

    def load(self, path: str, options: Dict[str, Any]) -> None:
        """Open the model and allocate its tensors."""
        self._interpreter = self.module.Interpreter(
            model_path=path, num_threads=int(options["threads"]), experimental_delegates=self.delegates(options) or None
        )
        self._interpreter.allocate_tensors()
        # Looked up once: the timed region holds the runtime's own call and nothing of ours.
        self.invoke = self._interpreter.invoke

    def inputs(self) -> List[Dict[str, Any]]:
        """What the model takes: a dict with name, dtype and shape for each input, in the model's order."""
        return [_spec(detail) for detail in self._interpreter.get_input_details()]

    def feed(self, arrays: List[Any]) -> None:
        """Put the inputs in place."""
        for detail, array in zip(self._interpreter.get_input_details(), arrays):
            self._interpreter.set_tensor(detail["index"], array)

    def outputs(self) -> List[Tuple[Dict[str, Any], Any]]:
        """The outputs of the last inference: pairs of spec and array."""
        details = self._interpreter.get_output_details()
        return [(_spec(detail), self._interpreter.get_tensor(detail["index"])) for detail in details]


def _spec(detail: Dict[str, Any]) -> Dict[str, Any]:
    scale, zero_point = detail["quantization"]
    return {
        "name": detail["name"],
        "dtype": numpy.dtype(detail["dtype"]).name,
        "shape": [int(size) for size in detail["shape"]],
        "scale": float(scale),
        "zero_point": int(zero_point),
    }
