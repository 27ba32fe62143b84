"""Reads what an .onnx file says of itself: inputs, outputs, precision. It runs nothing; it needs the package `onnx`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devbench.domain.install import extra_hint
from devbench.domain.model import Artifact, Prepared, Quantization, TensorSpec
from devbench.errors import ModelError

_PRECISIONS = {"float": "float32", "float16": "float16", "double": "float64"}
_QUANTIZED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv")


@dataclass(frozen=True, kw_only=True)
class OnnxFile:
    """What stands in an .onnx file.

    model: as the package `onnx` has it. facts: opset, and how many nodes.
    precision: `int8` if the graph holds quantization, else the type of its weights.
    """

    model: Any
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    precision: str
    quantization: Quantization
    facts: Mapping[str, str] = field(default_factory=dict)


def read_onnx(path: Path) -> OnnxFile:
    """What stands in the file at `path`; a `ModelError` if it is none, or has inputs whose sizes are not fixed."""
    model = _model(path)
    inputs, outputs = (tuple(map(_spec, which)) for which in (_real_inputs(model.graph), model.graph.output))
    free = [spec.name for spec in inputs if -1 in spec.shape]
    if free:
        raise ModelError(
            f"{path.name}: the size of input {', '.join(free)} is not fixed",
            "Fix it when you export the network (docs/runtimes.md).",
        )
    precision = _precision(model)
    return OnnxFile(
        model=model,
        inputs=inputs,
        outputs=outputs,
        precision=precision,
        quantization="as-made" if precision == "int8" else "none",
        facts=_facts(model),
    )


def prepared_onnx(artifact: Artifact) -> Prepared:
    """The artifact as its .onnx file says of itself; a `ModelError` if the suite asked for another precision."""
    found = read_onnx(artifact.path)
    if artifact.precision not in ("", found.precision):
        raise ModelError(
            f"{artifact.path}: the file computes in {found.precision}, and {artifact.precision} was asked for",
            "Correct `precision` in the suite, or export the model again.",
        )
    return Prepared(
        path=artifact.path,
        format="onnx",
        precision=found.precision,
        quantization=found.quantization,
        inputs=found.inputs,
        outputs=found.outputs,
        facts=found.facts,
    )


def _model(path: Path) -> Any:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{path}: ONNX files are read with onnx, which is not installed here", extra_hint("onnx")
        ) from error
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as ONNX: {error}", "Get it again, or export it again.") from error
    if any(one.data_location == onnx.TensorProto.EXTERNAL for one in model.graph.initializer):
        raise ModelError(f"{path}: its weights are in another file, which no sha256 covers", "Save it as one file.")
    if not model.graph.node:
        raise ModelError(f"{path}: there is no graph in it", "Is it an ONNX file?")
    return model


def _real_inputs(graph: Any) -> list[Any]:
    """Old files list their weights among the inputs."""
    weights = {tensor.name for tensor in graph.initializer}
    return [one for one in graph.input if one.name not in weights]


def _spec(value: Any) -> TensorSpec:
    from onnx import helper

    if not value.type.HasField("tensor_type"):
        raise ModelError(f"'{value.name}' is not a tensor but a {value.type.WhichOneof('value')}")
    tensor = value.type.tensor_type
    return TensorSpec(
        name=value.name,
        dtype=str(helper.tensor_dtype_to_np_dtype(tensor.elem_type)),
        shape=tuple(size.dim_value if size.HasField("dim_value") else -1 for size in tensor.shape.dim),
    )


def _facts(model: Any) -> dict[str, str]:
    opset = max((one.version for one in model.opset_import if not one.domain), default=0)
    return {"onnx_opset": str(opset), "onnx_nodes": str(len(model.graph.node))}


def _precision(model: Any) -> str:
    import onnx

    if any(node.op_type in _QUANTIZED for node in model.graph.node):
        return "int8"
    types = {onnx.TensorProto.DataType.Name(one.data_type).lower() for one in model.graph.initializer}
    found = {_PRECISIONS[name] for name in types if name in _PRECISIONS}
    return found.pop() if len(found) == 1 else "mixed" if found else "unknown"
