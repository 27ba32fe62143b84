"""What stands in the ONNX file that a runtime loads: one that was given, or made here of a .tflite file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from devbench import Artifact, ModelError, Prepared, TensorSpec, prepared_onnx, read_onnx

_MADE_OF = "converted_from_sha256"  # the fact that the chain adds


def prepared(artifact: Artifact, *, symmetric: bool, fp16: bool) -> Prepared:
    """The artifact with what stands in it.

    symmetric: without zero points, as TensorRT needs quantized networks.
    fp16: the runtime may compute a float32 network in float16, and that is what its result is called then.
    """
    made_here = _MADE_OF in artifact.facts
    if symmetric and not made_here:
        _check_symmetric(artifact.path)
    found = _made(artifact) if made_here else prepared_onnx(artifact)
    return replace(found, precision="float16") if fp16 and found.precision == "float32" else found


def _made(artifact: Artifact) -> Prepared:
    """With the ends of the .tflite file, which the artifact has: their scales are inside the graph of the ONNX file."""
    found = read_onnx(artifact.path)
    return Prepared(
        path=artifact.path,
        format="onnx",
        precision=artifact.precision,
        quantization=artifact.quantization,
        inputs=_like(found.inputs, artifact.inputs),
        outputs=_like(found.outputs, artifact.outputs),
        facts=found.facts,
    )


def _like(specs: tuple[TensorSpec, ...], before: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """ONNX keeps scales inside the graph: those of the ends are taken from the file that it was made from."""
    ordered = _in_order_of(specs, before)
    if [spec.shape for spec in specs] != [old.shape for old in ordered]:
        raise ModelError("the conversion to ONNX changed the shapes of inputs or outputs")
    return tuple(_standing_for(spec, old) for spec, old in zip(specs, ordered, strict=True))


def _in_order_of(specs: tuple[TensorSpec, ...], before: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """The specs before the conversion that go with these: by name where it has kept them, else by position."""
    by_name = {one.name: one for one in before}
    if len(by_name) == len(before) and {one.name for one in specs} == set(by_name):
        return tuple(by_name[one.name] for one in specs)
    return before


def _standing_for(spec: TensorSpec, before: TensorSpec) -> TensorSpec:
    """With the scale of the tensor before it; a float that was an integer stands for that one."""
    if not before.scale:
        return spec
    stands_for = before.stands_for if spec.dtype == before.dtype else before.dtype
    return replace(spec, scale=before.scale, zero_point=before.zero_point, stands_for=stands_for)


def _check_symmetric(path: Path) -> None:
    """A file that comes as ONNX is taken as it is, so that nothing else is measured than what was given."""
    from devbench_onnx.symmetric import zero_points

    if odd := zero_points(read_onnx(path).model):
        raise ModelError(
            f"{path.name}: TensorRT quantizes without zero points, and {len(odd)} nodes have one ('{odd[0]}', say)",
            "Quantize it symmetrically, or give the .tflite file: devbench then does so itself.",
        )
