"""The ONNX plugin: onnxruntime and TensorRT, and the way from a .tflite file to the ONNX file that each can load."""

from collections.abc import Iterable

from devbench import Converter, Runtime, hookimpl


@hookimpl
def devbench_runtimes() -> Iterable[type[Runtime]]:
    """TensorRT, and onnxruntime with its TensorRT, CUDA or CPU provider."""
    from devbench_onnx.runtimes import OnnxRuntime, TensorRt

    return [TensorRt, OnnxRuntime]


@hookimpl
def devbench_converters() -> Iterable[type[Converter]]:
    """From .tflite to ONNX: as it is, and as TensorRT takes it."""
    from devbench_onnx.converters import TfliteToOnnx, TfliteToSymmetricOnnx

    return [TfliteToOnnx, TfliteToSymmetricOnnx]
