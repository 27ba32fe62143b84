"""Drives an Edge TPU through Google's pycoral, as a Coral owner's programs do. Travels with the worker, Python 3.6.

Names and signatures are those of google-coral/pycoral, pycoral/utils/edgetpu.py. `make_interpreter` gives no way to set
threads, and takes a device or a delegate: the delegate where there are other options.
"""

import importlib
from typing import Any, Dict, List, Tuple

from .edgetpu import EdgeTpuEngine


class Engine(EdgeTpuEngine):
    """The interpreter that `make_interpreter` makes."""

    def __init__(self, runtime: str) -> None:
        self._coral = _edgetpu_module()
        super().__init__(runtime)

    def facts(self) -> Dict[str, str]:
        """pycoral's version, and beside it that of the tflite-runtime that it stands on."""
        found = super().facts()
        found["tflite_runtime_version"] = found["runtime_version"]
        found["runtime_version"] = getattr(importlib.import_module("pycoral"), "__version__", "unknown")
        found["delegate_version"] = self._coral.get_runtime_version()
        return found

    def devices(self) -> List[Tuple[str, str]]:
        """Pairs of type and path, as pycoral lists them."""
        return [(one["type"], one["path"]) for one in self._coral.list_edge_tpus()]

    def load_delegate(self, given: Dict[str, str]) -> Any:
        """By pycoral's own name for it."""
        return self._coral.load_edgetpu_delegate(given)

    def load(self, path: str, options: Dict[str, Any]) -> None:
        """Open the model on the place's device, and allocate its tensors."""
        (delegate,) = self.delegates(options)
        self._interpreter = self._coral.make_interpreter(path, delegate=delegate)
        self._interpreter.allocate_tensors()
        self.invoke = self._interpreter.invoke  # looked up once: nothing of ours is in the timed region


def _edgetpu_module() -> Any:
    try:
        return importlib.import_module("pycoral.utils.edgetpu")
    except ImportError as error:
        if (getattr(error, "name", None) or "").startswith("pycoral.utils"):
            raise ImportError("the package pycoral here is not Google's: it has no pycoral.utils.edgetpu") from error
        raise
