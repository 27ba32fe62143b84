"""A stand-in for TensorRT's Python bindings, as version STANDIN_TENSORRT has them and without what it has not. Python 3.6.

What exists in which version was read off NVIDIA's bindings (release branches 8.2 to 10.16, and the symbols in the
bindings of 10.3 and 11.4). It runs networks on the CPU, with a few operators of its own or, where it is installed,
onnxruntime. STANDIN_TENSORRT_BUILD=oom: building runs out of memory; =killed: the system ends it.
"""

import ctypes
import enum
import os
import signal
import struct

import numpy

__version__ = os.environ.get("STANDIN_TENSORRT", "10.3.0")
_NUMBER = tuple(int(part) for part in __version__.split(".")[:2])
_BY_NAME = _NUMBER >= (8, 5)
_BY_INDEX = _NUMBER < (10, 0)
_MAGIC = b"stand-in plan "
_cudart = ctypes.CDLL("libcudart.so")
_cudart.standin_memory.restype = ctypes.c_void_p
_cudart.standin_memory.argtypes = [ctypes.c_void_p]
_RUN = ctypes.CFUNCTYPE(ctypes.c_int)
_cudart.standin_enqueue.argtypes = [ctypes.c_void_p, _RUN]


class _Enum(enum.IntEnum):
    def __str__(self):
        return "{}.{}".format(type(self).__name__, self.name)


class Severity(_Enum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


class ILogger:
    Severity = Severity
    _ready = False

    def __init__(self):
        self._ready = True

    def _say(self, severity, message):
        if not self._ready:
            raise TypeError("ILogger.__init__() must be called when overriding __init__")
        self.log(severity, message)


class Logger(ILogger):
    def __init__(self, min_severity=Severity.WARNING):
        ILogger.__init__(self)
        self.min_severity = min_severity

    def log(self, severity, message):
        if severity <= self.min_severity:
            print("[TRT] [{}] {}".format(severity.name[0], message))


class DataType(_Enum):
    FLOAT, HALF, INT8, INT32, BOOL, UINT8 = range(6)


class TensorIOMode(_Enum):
    NONE, INPUT, OUTPUT = range(3)


class MemoryPoolType(_Enum):
    WORKSPACE = 0


class NetworkDefinitionCreationFlag(_Enum):
    if _NUMBER < (11, 0):
        EXPLICIT_BATCH = 0
    if _NUMBER >= (10, 0):
        STRONGLY_TYPED = 1


class BuilderFlag(_Enum):
    if _NUMBER < (11, 0):
        FP16, INT8 = 0, 1
    DEBUG = 2
    TF32 = 7


_NUMPY = {0: numpy.float32, 1: numpy.float16, 2: numpy.int8, 3: numpy.int32, 4: numpy.bool_, 5: numpy.uint8}
_ONNX = {1: DataType.FLOAT, 10: DataType.HALF, 3: DataType.INT8, 6: DataType.INT32, 9: DataType.BOOL, 2: DataType.UINT8}


def nptype(kind):
    if _NUMBER < (8, 6) and not hasattr(numpy, "bool"):
        raise AttributeError("module 'numpy' has no attribute 'bool'.")
    return _NUMPY[kind]


_plugins = []


def init_libnvinfer_plugins(logger, namespace):
    _plugins.append(namespace)
    return True


class IHostMemory:
    def __init__(self, data):
        self._data = data

    def __bytes__(self):
        return self._data


class _Network:
    def __init__(self, flags):
        self.flags, self.model = flags, None


class _Config:
    def __init__(self):
        self.flags = ["TF32"]
        if _NUMBER < (10, 0):
            self.max_workspace_size = 0

    def set_flag(self, flag):
        if not isinstance(flag, BuilderFlag):
            raise TypeError("set_flag(): incompatible function arguments")
        self.flags.append(flag.name)

    def clear_flag(self, flag):
        self.flags = [name for name in self.flags if name != flag.name]

    if _NUMBER >= (8, 4):

        def set_memory_pool_limit(self, pool, size):
            self.pool = {pool: size}


class Builder:
    def __init__(self, logger):
        self._logger = logger
        if _NUMBER < (11, 0):
            self.platform_has_fast_fp16 = True
            self.platform_has_fast_int8 = os.environ.get("STANDIN_TENSORRT_INT8") != "none"
        count = ctypes.c_int()
        if _cudart.cudaDeviceGetAttribute(ctypes.byref(count), 75, 0):
            logger._say(
                Severity.ERROR, "CUDA initialization failure with error: 100. Please check your CUDA installation"
            )
            raise TypeError("pybind11::init(): factory function returned nullptr")

    def create_network(self, flags=0):
        return _Network(flags)

    def create_builder_config(self):
        return _Config()

    def build_serialized_network(self, network, config):
        how = os.environ.get("STANDIN_TENSORRT_BUILD", "")
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "oom":
            self._logger._say(
                Severity.ERROR,
                "2: [virtualMemoryBuffer.cpp::resizePhysical::144] Error Code 2: OutOfMemory (no further information)",
            )
            self._logger._say(
                Severity.ERROR,
                "2: [builder.cpp::buildSerializedNetwork::751] Error Code 2: Internal Error (Assertion engine != nullptr"
                " failed. )",
            )
            return None
        if not getattr(config, "max_workspace_size", 1):
            self._logger._say(Severity.WARNING, "Some tactics do not have sufficient workspace memory to run.")
        quantized = any(node.kind == "DequantizeLinear" for node in network.model.nodes)
        if quantized and hasattr(BuilderFlag, "INT8") and "INT8" not in config.flags:
            self._logger._say(
                Severity.ERROR,
                "4: [network.cpp::validate] Error Code 4: Internal Error (Int8 precision has been set for a layer or"
                " layer output, but int8 is not configured in the builder)",
            )
            return None
        self._logger._say(Severity.VERBOSE, "a line of the very many")
        self._logger._say(Severity.INFO, "[MemUsageStats] Peak memory usage of TRT CPU/GPU memory allocators")
        head = "{} {}\n".format(__version__, ",".join(sorted(config.flags)))
        return IHostMemory(_MAGIC + head.encode() + network.model.data)


class ParserError:
    def __init__(self, code, desc, number, node):
        self._code, self._desc, self._number, self._node = code, desc, number, node

    def code(self):
        return self._code

    def desc(self):
        return self._desc

    def node(self):
        return self._number

    def file(self):
        return "ModelImporter.cpp"

    def line(self):
        return 1

    def func(self):
        return "parseNode"

    if _NUMBER >= (10, 0):

        def node_name(self):
            return self._node.name

        def node_operator(self):
            return self._node.kind


class OnnxParser:
    def __init__(self, network, logger):
        self._network, self._logger, self._errors = network, logger, []

    def parse(self, data):
        if _NUMBER < (10, 0) and not self._network.flags & 1:
            self._fail(8, "Assertion failed: !_importer_ctx.network()->hasImplicitBatchDimension()", -1, None)
            return False
        model = _Model(bytes(data))
        for number, node in enumerate(model.nodes):
            why = _refused(model, node)
            if why:
                self._fail(8, why, number, node)
                return False
        self._network.model = model
        return True

    def _fail(self, code, desc, number, node):
        self._errors.append(ParserError(code, desc, number, node))
        self._logger._say(Severity.ERROR, desc)

    @property
    def num_errors(self):
        return len(self._errors)

    def get_error(self, number):
        return self._errors[number]


def _refused(model, node):
    """Why the real parser would not take the node; "" if it would."""
    if node.kind not in _OPERATORS:
        return (
            'No importer registered for op: {}. Attempting to import as plugin. Assertion failed: creator && "Plugin not'
            ' found, are the plugin name, version, and namespace correct?"'.format(node.kind)
        )
    if node.kind in ("QuantizeLinear", "DequantizeLinear"):
        stored = model.weights.get(node.inputs[0])
        if stored is not None and stored.dtype == numpy.int8 and _NUMBER < (10, 0):
            return "invalid weights type of Int8"
        if stored is not None and stored.dtype == numpy.int32:
            return 'Assertion failed: (dataType == DataType::kINT8) && "TensorRT dequantizes INT8 weights only"'
        zero = model.weights.get(node.inputs[2]) if len(node.inputs) > 2 else None
        if zero is not None and zero.any():
            return (
                'In function QuantDequantLinearHelper: [6] Assertion failed: shiftIsAllZeros(zeroPoint) && "TRT only'
                ' supports symmetric quantization - zeroPt must be all zeros"'
            )
        if zero is not None and zero.dtype == numpy.uint8:
            return "Assertion failed: zero point must be INT8"
    return ""


class Runtime:
    def __init__(self, logger):
        self._logger = logger

    def deserialize_cuda_engine(self, data):
        head, _, model = data.partition(b"\n")
        if not head.startswith(_MAGIC):
            self._logger._say(
                Severity.ERROR,
                "1: [stdArchiveReader.cpp::StdArchiveReader::30] Error Code 1: Serialization (Serialization assertion"
                " magicTagRead == kMAGIC_TAG failed. Magic tag does not match)",
            )
            return None
        version = head[len(_MAGIC) :].decode().split(" ")[0]
        if "InstanceNormalization" in head.decode() and not _plugins:
            self._logger._say(Severity.ERROR, "3: could not find plugin InstanceNormalization_TRT version 1")
            return None
        if version != __version__:
            self._logger._say(
                Severity.ERROR,
                "6: The engine plan file is not compatible with this version of TensorRT, expecting library version {}"
                " got {}, please rebuild.".format(__version__, version),
            )
            return None
        return ICudaEngine(_Model(model))


class ICudaEngine:
    def __init__(self, model):
        self._model = model
        # The real one gives them in an order of its own as well.
        self._ends = [(one, True) for one in model.inputs[::-1]] + [(one, False) for one in model.outputs[::-1]]

    def create_execution_context(self):
        return IExecutionContext(self._model, [one for one, _ in self._ends])

    if _BY_NAME:

        @property
        def num_io_tensors(self):
            return len(self._ends)

        def get_tensor_name(self, number):
            return self._ends[number][0].name

        def _end(self, name):
            return next(end for end in self._ends if end[0].name == name)

        def get_tensor_mode(self, name):
            return TensorIOMode.INPUT if self._end(name)[1] else TensorIOMode.OUTPUT

        def get_tensor_shape(self, name):
            return self._end(name)[0].shape

        def get_tensor_dtype(self, name):
            return _ONNX[self._end(name)[0].kind]

    if _BY_INDEX:

        @property
        def num_bindings(self):
            return len(self._ends)

        def get_binding_name(self, number):
            return self._ends[number][0].name

        def get_binding_shape(self, number):
            return self._ends[number][0].shape

        def get_binding_dtype(self, number):
            return _ONNX[self._ends[number][0].kind]

        def binding_is_input(self, number):
            return self._ends[number][1]


class IExecutionContext:
    def __init__(self, model, ends):
        self._model, self._ends, self._addresses = model, ends, {}
        self._callback = _RUN(self._run)

    def _run(self):
        views = {one.name: self._view(one) for one in self._ends}
        found = self._model.run({one.name: views[one.name].copy() for one in self._model.inputs})
        for one, array in zip(self._model.outputs, found):
            views[one.name][...] = array
        return 0

    def _view(self, one):
        kind = numpy.dtype(_NUMPY[_ONNX[one.kind]])
        size = int(numpy.prod(one.shape)) * kind.itemsize
        memory = (ctypes.c_byte * size).from_address(_cudart.standin_memory(self._addresses[one.name]))
        return numpy.frombuffer(memory, dtype=kind).reshape(one.shape)

    def _start(self, stream):
        _cudart.standin_enqueue(stream, self._callback)
        return True

    if _BY_NAME:

        def set_tensor_address(self, name, address):
            self._addresses[name] = address
            return True

        def execute_async_v3(self, stream_handle):
            return len(self._addresses) == len(self._ends) and self._start(stream_handle)

    if _BY_INDEX:

        def execute_async_v2(self, bindings, stream_handle):
            self._addresses = {one.name: address for one, address in zip(self._ends, bindings)}
            return self._start(stream_handle)


# What stands in an ONNX file, as far as it is needed here.


class _Node:
    def __init__(self, fields):
        self.inputs = [value.decode() for value in fields.get(1, [])]
        self.outputs = [value.decode() for value in fields.get(2, [])]
        self.name = fields.get(3, [b""])[0].decode()
        self.kind = fields[4][0].decode()
        self.attributes = dict(_attribute(_fields(value)) for value in fields.get(5, []))


class _End:
    def __init__(self, fields):
        self.name = fields[1][0].decode()
        tensor = _fields(_fields(fields[2][0])[1][0])
        self.kind = tensor[1][0]
        self.shape = tuple(_fields(size).get(1, [-1])[0] for size in _fields(tensor[2][0]).get(1, []))


class _Model:
    def __init__(self, data):
        self.data = data
        graph = _fields(_fields(data)[7][0])
        self.nodes = [_Node(_fields(value)) for value in graph[1]]
        self.weights = dict(_tensor(_fields(value)) for value in graph.get(5, []))
        ends = [_End(_fields(value)) for value in graph.get(11, [])]
        self.inputs = [one for one in ends if one.name not in self.weights]
        self.outputs = [_End(_fields(value)) for value in graph.get(12, [])]
        self._session = None

    def run(self, values):
        try:
            import onnxruntime
        except ImportError:
            return self._run_here(values)
        if self._session is None:
            settings = onnxruntime.SessionOptions()
            settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            settings.intra_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(self.data, settings, providers=["CPUExecutionProvider"])
        return self._session.run(None, values)

    def _run_here(self, values):
        known = dict(self.weights, **values)
        for node in self.nodes:
            known[node.outputs[0]] = _OPERATORS[node.kind](node.attributes, *[known[name] for name in node.inputs])
        return [known[one.name] for one in self.outputs]


def _fields(data):
    """Every field of a protocol buffer by its number."""
    found, at = {}, 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            size = 8 if kind == 1 else 4
            value, at = data[at : at + size], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def _packed(values):
    for value in values:
        if isinstance(value, int):
            yield _signed(value)
        else:
            at = 0
            while at < len(value):
                number, at = _varint(value, at)
                yield _signed(number)


def _attribute(fields):
    name = fields[1][0].decode()
    if 8 in fields:
        return name, list(_packed(fields[8]))
    if 3 in fields:
        return name, _signed(fields[3][0])
    return name, struct.unpack("<f", fields[2][0])[0] if 2 in fields else None


def _tensor(fields):
    kinds = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8"}
    shape = tuple(_packed(fields.get(1, [])))
    kind = kinds[fields[2][0]]
    if 9 in fields:
        array = numpy.frombuffer(fields[9][0], dtype=kind)
    elif 4 in fields:
        array = numpy.frombuffer(b"".join(fields[4]), dtype="<f4")
    else:
        array = numpy.array(list(_packed(fields.get(5, []) + fields.get(7, []))), dtype=kind)
    return fields[8][0].decode(), array.reshape(shape)


def _quantize(_attributes, x, scale, zero):
    limits = numpy.iinfo(zero.dtype)
    return numpy.clip(numpy.rint(x / scale) + zero, limits.min, limits.max).astype(zero.dtype)


def _dequantize(_attributes, x, scale, zero):
    return ((x.astype(numpy.float32) - zero) * scale).astype(numpy.float32)


def _softmax(_attributes, x):
    above = numpy.exp(x - x.max(axis=-1, keepdims=True))
    return above / above.sum(axis=-1, keepdims=True)


_OPERATORS = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "Identity": lambda _, x: x,
    "Reshape": lambda _, x, shape: x.reshape(shape.tolist()),
    "Squeeze": lambda _, x, axes: x.reshape([n for i, n in enumerate(x.shape) if i not in axes.tolist()]),
    "Transpose": lambda a, x: x.transpose(a["perm"]),
    "Relu": lambda _, x: numpy.maximum(x, 0),
    "Clip": lambda _, x, low, high: numpy.clip(x, low, high),
    "Add": lambda _, x, y: x + y,
    "MatMul": lambda _, x, y: x @ y,
    "Softmax": _softmax,
}
for _name in ("Conv", "Gemm", "MaxPool", "AveragePool", "GlobalAveragePool", "Concat", "Mul", "Sub", "Cast", "Pad"):
    _OPERATORS.setdefault(_name, None)  # known, and run by onnxruntime alone
