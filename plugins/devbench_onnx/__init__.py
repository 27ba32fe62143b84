"""The ONNX plugin: onnxruntime and TensorRT, and the way from a .tflite file to the ONNX file that each can load."""

from collections.abc import Iterable

from devbench import Runtime, hookimpl


@hookimpl
def devbench_runtimes() -> Iterable[type[Runtime]]:
    """TensorRT, and onnxruntime with its TensorRT, CUDA or CPU provider."""
    from devbench_onnx.runtimes import OnnxRuntime, TensorRt

    return [TensorRt, OnnxRuntime]
