"""Drives OpenVINO on the CPU, in the precision that it was told and no other. Travels with the worker, Python 3.6.

By itself OpenVINO computes in bfloat16 where the CPU can, in networks of any type: seen with 2026.4 on an AMD EPYC in
30 operations of an int8 MobileNet. Asked for float16 there, it takes bfloat16 too, and says so only if asked.
"""

import sys
from collections import Counter
from typing import Any, Callable, Dict, List, Tuple

import numpy

# Where this package is there, `import openvino` starts a thread that sends usage statistics, beside what is measured.
# OpenVINO has a stand-in of its own for where it is not there.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402

Options = Dict[str, Any]
Spec = Dict[str, Any]

_HINTS = {"f32": "float32", "bf16": "bfloat16"}  # of openvino.Type, by its name there
_NO_WORK = ("Const", "Constant", "Input", "Parameter", "Output", "Result")


class Engine:
    """load, feed, invoke, outputs: one synchronous request, one stream."""

    invoke: Callable[[], None]

    def __init__(self, runtime: str) -> None:  # noqa: ARG002 - one runtime has this engine
        build = str(openvino.__version__)  # 2026.4.1-22982-e213a147257-releases/2026/4
        self._facts = {"runtime_version": build.partition("-")[0], "openvino_build": build, "numpy": numpy.__version__}
        self._model: Any = None

    def facts(self) -> Dict[str, str]:
        """Versions; once a network is open, also what its operations are computed in, and by how many threads."""
        if self._model is not None:
            self._facts["operations_by_precision"] = _by_precision(self._model)
        return self._facts

    def load(self, path: str, options: Options) -> None:
        """Read and compile the network for the CPU."""
        core = openvino.Core()
        asked = "bf16" if options["bf16"] else "f32"
        if asked == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise RuntimeError("this CPU has no bfloat16 arithmetic")
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": int(options["threads"]),
            "INFERENCE_PRECISION_HINT": asked,
        }
        self._model = core.compile_model(core.read_model(path), "CPU", settings)
        taken = self._model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if taken != asked:
            raise RuntimeError("OpenVINO computes in {}, and {} was asked for".format(taken, asked))
        self._facts["inference_precision"] = _HINTS[asked]
        self._facts["threads_in_use"] = str(self._model.get_property("INFERENCE_NUM_THREADS"))
        self._facts["cpu_pinning"] = str(self._model.get_property("ENABLE_CPU_PINNING"))
        self._request = self._model.create_infer_request()
        infer = self._request.infer

        def invoke() -> None:
            infer(share_outputs=True)  # without a copy of them

        self.invoke = invoke

    def inputs(self) -> List[Spec]:
        """What the network takes, in its order."""
        return [_spec(port) for port in self._model.inputs]

    def feed(self, arrays: List[Any]) -> None:
        """Put the inputs in place, in memory of the request's own."""
        for number, array in enumerate(arrays):
            self._request.get_input_tensor(number).data[...] = array

    def outputs(self) -> List[Tuple[Spec, Any]]:
        """The outputs of the last inference."""
        ports = enumerate(self._model.outputs)
        return [(_spec(port), self._request.get_output_tensor(number).data.copy()) for number, port in ports]


def _spec(port: Any) -> Spec:
    if port.get_partial_shape().is_dynamic:
        raise RuntimeError("the size of '{}' is not fixed: {}".format(port.get_any_name(), port.get_partial_shape()))
    return {
        "name": port.get_any_name(),
        "dtype": numpy.dtype(port.get_element_type().to_dtype()).name,
        "shape": [int(size) for size in port.get_shape()],
        "scale": 0.0,
        "zero_point": 0,
    }


def _by_precision(model: Any) -> str:
    """Of the operations as they are executed: `u8 93, f32 31`."""
    found: "Counter[str]" = Counter()
    for operation in model.get_runtime_model().get_ops():
        about = operation.get_rt_info()
        if _text(about, "layerType") not in _NO_WORK:
            found[_text(about, "runtimePrecision")] += 1
    return ", ".join("{} {}".format(name, count) for name, count in found.most_common())


def _text(about: Any, name: str) -> str:
    """A cell of what OpenVINO tells of an operation: text, or an object around it in older versions."""
    value = about[name] if name in about else "unknown"  # noqa: SIM401 - it is not a dict
    return str(getattr(value, "value", value))
