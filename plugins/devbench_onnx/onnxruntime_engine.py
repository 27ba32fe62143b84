"""Drives onnxruntime with one provider, which must be the one that is in use. Travels with the worker, Python 3.6.

onnxruntime answers a provider that is not there with a warning, and computes on the CPU. Here that is an error.
"""

import json
import os
import warnings
from typing import Any, Callable, Dict, List, Tuple

import numpy
import onnxruntime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devbench.worker import building
else:
    from . import building

Options = Dict[str, Any]
Spec = Dict[str, Any]

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
_DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64"}


class Engine:
    """build, load, feed, invoke, outputs; and `compute` where inputs and outputs can stay on a GPU."""

    invoke: Callable[[], None]
    compute: Callable[[], None]

    def __init__(self, runtime: str) -> None:  # noqa: ARG002 - one runtime has this engine
        self._facts: Dict[str, str] = {"runtime_version": onnxruntime.__version__, "numpy": numpy.__version__}

    def facts(self) -> Dict[str, str]:
        """Versions, and the provider in use."""
        return self._facts

    def build(self, path: str, options: Options) -> Tuple[str, Dict[str, str]]:
        """Have each node put onto its provider once, and see which; TensorRT's engines are built and kept by it."""
        provider = _provider(options)
        name = building.name_for(path, "." + provider, onnxruntime.__version__, bool(options["fp16"]))
        note, facts = building.built_once(name, lambda: _placed(path, options))
        with open(note) as file:
            placed = json.load(file)
        return "", placed if provider == "cpu" else dict(placed, engine_build_s=facts["engine_build_s"])

    def load(self, path: str, options: Options) -> None:
        """Open the network; the provider asked for must be the first one in use."""
        self._session = _session(path, options, onnxruntime.SessionOptions())
        self._facts["delegate"] = self._session.get_providers()[0]
        self._names = [one.name for one in self._session.get_outputs()]

    def inputs(self) -> List[Spec]:
        """What the network takes."""
        return [_spec(one) for one in self._session.get_inputs()]

    def feed(self, arrays: List[Any]) -> None:
        """Have every inference take these; onnxruntime copies them to the device and the outputs back."""
        given = {one.name: array for one, array in zip(self._session.get_inputs(), arrays)}
        run, names = self._session.run, self._names

        def invoke() -> None:
            self._results = run(names, given)

        self.invoke = invoke
        if self._facts["delegate"] != _PROVIDERS["cpu"]:
            self.compute = self._computing(given)

    def _computing(self, given: Dict[str, Any]) -> Callable[[], None]:
        """An inference whose inputs are on the GPU already, and whose outputs stay there."""
        binding = self._session.io_binding()
        for name, array in given.items():
            on_gpu = onnxruntime.OrtValue.ortvalue_from_numpy(array, "cuda", 0)
            binding.bind_ortvalue_input(name, on_gpu)
        for name in self._names:
            binding.bind_output(name, "cuda", 0)
        run = self._session.run_with_iobinding

        def compute() -> None:
            run(binding)
            binding.synchronize_outputs()

        return compute

    def outputs(self) -> List[Tuple[Spec, Any]]:
        """The outputs of the last inference."""
        return [(_spec(one), array) for one, array in zip(self._session.get_outputs(), self._results)]


def _placed(path: str, options: Options) -> Tuple[bytes, str]:
    """A note of how many nodes run on which provider, by onnxruntime's profile of one inference; and that profile."""
    settings = onnxruntime.SessionOptions()
    settings.enable_profiling = True
    settings.profile_file_prefix = os.path.join(building.folder(), "profile-{}".format(os.getpid()))
    session = _session(path, options, settings)
    try:
        session.run(None, {one.name: numpy.zeros(one.shape, _dtype(one)) for one in session.get_inputs()})
    finally:
        profile = session.end_profiling()
        with open(profile) as file:
            text = file.read()
        os.unlink(profile)
    found: Dict[str, int] = {}
    for event in json.loads(text):
        provider = event.get("args", {}).get("provider")
        if event.get("cat") == "Node" and provider and event["name"].endswith("_kernel_time"):
            found[provider] = found.get(provider, 0) + 1
    counts = ", ".join("{} {}".format(found[name], name) for name in sorted(found))
    return json.dumps({"nodes_by_provider": counts or "unknown"}).encode("ascii"), text


def _session(path: str, options: Options, settings: Any) -> Any:
    provider = _provider(options)
    name = _PROVIDERS[provider]
    available = onnxruntime.get_available_providers()
    if name not in available:
        raise RuntimeError(
            "onnxruntime {} here has no {}: it has {}".format(onnxruntime.__version__, name, ", ".join(available))
        )
    settings.intra_op_num_threads = int(options["threads"])
    settings.inter_op_num_threads = 1
    wanted = [(name, _provider_options(provider, path, options))]
    if provider == "tensorrt":  # for the nodes that TensorRT does not take: still the GPU
        wanted.append(("CUDAExecutionProvider", {}))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        session = onnxruntime.InferenceSession(path, settings, providers=wanted)
    in_use = session.get_providers()
    if in_use[0] != name:
        why = "; ".join(" ".join(str(one.message).split()) for one in said)
        raise RuntimeError("{} is not in use, but {}{}".format(name, in_use[0], ": " + why if why else ""))
    if hasattr(session, "disable_fallback"):
        session.disable_fallback()  # an error on the GPU would otherwise make a new session, on the CPU
    return session


def _provider(options: Options) -> str:
    return str(options["provider"]) or ("tensorrt" if options.get("processor") == "gpu" else "cpu")


def _provider_options(provider: str, path: str, options: Options) -> Dict[str, str]:
    if provider == "cuda":
        return {"use_tf32": "0"} if _newer_than(1, 17) else {}
    if provider != "tensorrt":
        return {}
    with open(path, "rb") as file:
        quantized = b"DequantizeLinear" in file.read()
    return {
        "trt_fp16_enable": str(bool(options["fp16"])),
        "trt_int8_enable": str(quantized),  # without quantization in the network it would ask for a calibration
        "trt_engine_cache_enable": "True",
        # A folder for each file: what onnxruntime keys its engines by leaves the weights out.
        "trt_engine_cache_path": os.path.join(building.folder(), building.name_for(path, ".engines")),
    }


def _newer_than(*version: int) -> bool:
    return tuple(int(part) for part in onnxruntime.__version__.split(".")[:2]) > version


def _dtype(one: Any) -> str:
    if not one.type.startswith("tensor("):
        raise RuntimeError("'{}' is a {}, and only tensors can be fed".format(one.name, one.type))
    kind = str(one.type)
    return _DTYPES.get(kind, kind[len("tensor(") : -1])


def _spec(one: Any) -> Spec:
    return {"name": one.name, "dtype": _dtype(one), "shape": list(one.shape), "scale": 0.0, "zero_point": 0}
