"""Drives TensorRT 8.0 to 11 through the Python bindings that come with JetPack. Travels with the worker, Python 3.6.

Two generations of its interface are in use: bindings by index until 8.4, tensors by name since 8.5. An inference is
copy in, compute and copy out on one stream, and ends when the host has waited for all of it.
"""

import ctypes
import hashlib
import sys
from typing import Any, Callable, Dict, Iterator, List, Tuple

import numpy
import tensorrt

from .cuda import Cuda

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devbench.worker import building
else:
    from . import building

Options = Dict[str, Any]
Spec = Dict[str, Any]

_DTYPES = {
    "FLOAT": "float32",
    "HALF": "float16",
    "INT8": "int8",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
    "UINT8": "uint8",
}


class _Log(tensorrt.ILogger):  # type: ignore[misc]
    """TensorRT's messages: errors and warnings to stderr, and all of them kept for the log of a build."""

    def __init__(self) -> None:
        tensorrt.ILogger.__init__(self)
        self.lines: List[str] = []
        self.errors: List[str] = []

    def log(self, severity: object, message: str) -> None:
        """Called by TensorRT, from any thread."""
        name = str(severity).rpartition(".")[2]
        if name == "VERBOSE":  # a build says megabytes of it
            return
        self.lines.append("[{}] {}".format(name, message))
        if name in ("INTERNAL_ERROR", "ERROR"):
            self.errors.append(" ".join(message.split()))
        if name in ("INTERNAL_ERROR", "ERROR", "WARNING"):
            sys.stderr.write("TensorRT {}: {}\n".format(name, message))

    def text(self) -> str:
        """All that was said."""
        return "\n".join(self.lines) + "\n"


class Engine:
    """build, load, feed, invoke, outputs; and `compute`, which is an inference without its copies."""

    invoke: Callable[[], None]
    compute: Callable[[], None]

    def __init__(self, runtime: str) -> None:  # noqa: ARG002 - one runtime has this engine
        self._log = _Log()
        if hasattr(tensorrt, "init_libnvinfer_plugins"):  # an engine with layers of NVIDIA's plugins loads only then
            tensorrt.init_libnvinfer_plugins(self._log, "")
        self._cuda = Cuda()
        self._facts: Dict[str, str] = dict(
            self._cuda.facts(), runtime_version=tensorrt.__version__, numpy=numpy.__version__
        )

    def facts(self) -> Dict[str, str]:
        """Versions, the GPU, and of the engine what TensorRT tells."""
        return self._facts

    def build(self, path: str, options: Options) -> Tuple[str, Dict[str, str]]:
        """The engine for the ONNX file at `path`, built now unless it was before: where it is, and facts about it."""
        wanted: List[Any] = [self._facts.get(name, "") for name in ("runtime_version", "cuda", "compute_capability")]
        wanted += [self._facts.get("gpu_multiprocessors", ""), _board(), bool(options["fp16"])]
        name = building.name_for(path, ".plan", *(wanted + [int(options["workspace_mib"])]))
        return building.built_once(name, lambda: (self._built(path, options), self._log.text()))

    def _built(self, path: str, options: Options) -> bytes:
        """The bytes of the engine. What TensorRT says when it fails is the error."""
        del self._log.errors[:]
        builder = tensorrt.Builder(self._log)
        network = builder.create_network(_explicit_batch())
        parser = tensorrt.OnnxParser(network, self._log)
        with open(path, "rb") as file:
            model = file.read()
        int8 = b"DequantizeLinear" in model
        if int8 and not getattr(builder, "platform_has_fast_int8", True):
            raise RuntimeError(
                "this GPU has no int8 arithmetic for TensorRT (compute capability {})".format(
                    self._facts.get("compute_capability", "unknown")
                )
            )
        if not parser.parse(model):
            errors = [_parser_error(parser.get_error(number)) for number in range(parser.num_errors)]
            raise RuntimeError("TensorRT cannot read the network: {}".format("; ".join(errors) or self._last_error()))
        config = builder.create_builder_config()
        tf32 = getattr(tensorrt.BuilderFlag, "TF32", None)
        if tf32 is not None and not options["fp16"] and not int8:
            config.clear_flag(tf32)  # else float32 would be called what has 10 bits of mantissa on an Orin
        _set_workspace(config, int(options["workspace_mib"]) << 20)
        for flag in ["FP16"] * bool(options["fp16"]) + ["INT8"] * int8:
            _set_flag(config, flag)
        plan = builder.build_serialized_network(network, config)
        if plan is None:
            raise RuntimeError("TensorRT cannot build the engine: {}".format(self._last_error()))
        return bytes(plan)

    def _last_error(self) -> str:
        """The last errors; what is generic comes last, and only follows from those before it."""
        telling = [error for error in self._log.errors if "!= nullptr failed" not in error]
        return "; ".join((telling or self._log.errors)[-3:]) or "it does not say why"

    def load(self, path: str, options: Options) -> None:  # noqa: ARG002 - they were used in building
        """Read the engine and give each of its tensors memory on both sides."""
        with open(path, "rb") as file:
            plan = file.read()
        building.touch(path)
        self._runtime = tensorrt.Runtime(self._log)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise RuntimeError("TensorRT cannot load the engine: {}".format(self._last_error()))
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise RuntimeError("TensorRT cannot run the engine: {}".format(self._last_error()))
        self._facts["engine_sha256"] = hashlib.sha256(plan).hexdigest()
        self._facts["engine_mib"] = "{:.1f}".format(len(plan) / 1048576.0)
        self._stream = self._cuda.stream()
        self._tensors = [_Tensor(self._cuda, *found) for found in _tensors(self._engine)]
        self._wire()

    def _wire(self) -> None:
        """Make `invoke` and `compute` of the calls that they need, looked up once."""
        ins = [one for one in self._tensors if one.is_input]
        outs = [one for one in self._tensors if not one.is_input]
        copy_in = self._cuda.copies([(one.device, one.host, one.size) for one in ins], self._stream, True)
        copy_out = self._cuda.copies([(one.host, one.device, one.size) for one in outs], self._stream, False)
        start, wait = self._starter(), self._cuda.waiter(self._stream)

        def invoke() -> None:
            copy_in()
            start()
            copy_out()
            wait()

        def compute() -> None:
            start()
            wait()

        self.invoke, self.compute = invoke, compute

    def _starter(self) -> Callable[[], None]:
        """A function that puts one inference on the stream."""
        context, stream, log = self._context, self._stream, self._last_error
        if hasattr(context, "execute_async_v3"):
            for one in self._tensors:
                context.set_tensor_address(one.name, one.device)
            enqueue = context.execute_async_v3
            arguments: Tuple[Any, ...] = (stream,)
        else:
            enqueue, arguments = context.execute_async_v2, ([one.device for one in self._tensors], stream)

        def start() -> None:
            if not enqueue(*arguments):
                raise RuntimeError("TensorRT did not start the inference: {}".format(log()))

        return start

    def inputs(self) -> List[Spec]:
        """What the engine takes."""
        return [one.spec for one in self._tensors if one.is_input]

    def feed(self, arrays: List[Any]) -> None:
        """Put the inputs where each inference copies them from."""
        for one, array in zip([one for one in self._tensors if one.is_input], arrays):
            one.array[...] = array

    def outputs(self) -> List[Tuple[Spec, Any]]:
        """The outputs of the last inference."""
        return [(one.spec, one.array.copy()) for one in self._tensors if not one.is_input]


class _Tensor:
    """One input or output: its memory on the device, and pinned memory here with an array over it."""

    def __init__(self, cuda: Cuda, name: str, is_input: bool, shape: Tuple[int, ...], dtype: Any) -> None:
        if any(size < 0 for size in shape):
            raise RuntimeError("tensor '{}' has sizes that are not fixed: {}".format(name, list(shape)))
        self.name, self.is_input = name, is_input
        self.size = int(numpy.prod(shape, dtype=numpy.int64)) * dtype.itemsize
        self.device, self.host = cuda.device_memory(self.size), cuda.host_memory(self.size)
        memory = (ctypes.c_byte * self.size).from_address(self.host)
        self.array = numpy.frombuffer(memory, dtype=dtype).reshape(shape)
        spec = {"name": name, "dtype": dtype.name, "shape": list(shape), "scale": 0.0, "zero_point": 0}
        self.spec = spec


def _tensors(engine: Any) -> Iterator[Tuple[str, bool, Tuple[int, ...], Any]]:
    """(name, whether it is an input, shape, type) of each, in the engine's order."""
    if hasattr(engine, "num_io_tensors"):
        for name in [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]:
            is_input = engine.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT
            yield name, is_input, tuple(engine.get_tensor_shape(name)), _dtype(engine.get_tensor_dtype(name))
    else:
        for number in range(engine.num_bindings):
            shape = tuple(engine.get_binding_shape(number))
            dtype = _dtype(engine.get_binding_dtype(number))
            yield engine.get_binding_name(number), engine.binding_is_input(number), shape, dtype


def _dtype(kind: object) -> Any:
    """By the type's name: tensorrt.nptype of 8.0 to 8.5 fails with numpy 1.24 and newer."""
    name = str(kind).rpartition(".")[2]
    if name not in _DTYPES:
        raise RuntimeError("a tensor has type {}, which is not known here".format(name))
    return numpy.dtype(_DTYPES[name])


def _explicit_batch() -> int:
    """The flag that 8.x needs, 10 ignores and 11 no longer has."""
    flag = getattr(tensorrt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
    return 0 if flag is None else 1 << int(flag)


def _set_workspace(config: Any, size: int) -> None:
    if hasattr(config, "set_memory_pool_limit"):
        config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, size)
    else:
        config.max_workspace_size = size


def _set_flag(config: Any, name: str) -> None:
    """TensorRT 11 has no such flags: it computes in the types that the network has, and int8 is in the network."""
    flag = getattr(tensorrt.BuilderFlag, name, None)
    if flag is not None:
        config.set_flag(flag)
    elif name == "FP16":
        raise RuntimeError(
            "TensorRT {} has no fp16 option: it computes in the types of the network".format(tensorrt.__version__)
        )


def _parser_error(error: Any) -> str:
    """Which node it is about, and why."""
    where = "node {}".format(error.node())
    try:  # newer parsers know its name and operator
        where = "{} '{}'".format(error.node_operator(), error.node_name())
    except AttributeError:
        pass
    return "{}: {}".format(where, " ".join(error.desc().split()))


def _board() -> str:
    try:
        with open("/proc/device-tree/model", errors="replace") as file:
            return file.read().rstrip("\0")
    except OSError:
        return ""
