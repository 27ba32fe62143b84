"""From a .tflite or .onnx file to the ONNX file that a runtime loads, with what stands in it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from devbench import Artifact, ModelError, Prepared, TensorSpec, cached_model, extra_hint, read_onnx, supervised

_HERE = Path(__file__).parent
_LIMIT_S = 1800
_MADE_BY = ("convert.py", "symmetric.py")


def prepared(artifact: Artifact, *, symmetric: bool, fp16: bool) -> Prepared:
    """The artifact as ONNX.

    symmetric: with float ends and without zero points, as TensorRT needs quantized networks.
    fp16: the runtime may compute a float32 network in float16, and that is what its result is called then.
    """
    _check_installed(["onnx"])
    path = artifact.path
    if artifact.format == "tflite":
        _check_installed(["onnx", "tf2onnx", "tensorflow"])
        path = _converted(artifact, symmetric=symmetric)
    found = _described(artifact, path)
    if artifact.format == "onnx" and symmetric:
        _check_symmetric(path)
    return replace(found, precision="float16") if fp16 and found.precision == "float32" else found


def _check_installed(packages: list[str]) -> None:
    from importlib.util import find_spec

    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"ONNX files are made with {' and '.join(missing)}, which is not installed here", extra_hint("jetson")
        )


def _converted(artifact: Artifact, *, symmetric: bool) -> Path:
    """The ONNX file made from `artifact`, from the cache or now."""
    if artifact.facts.get("dynamic_tensors", "0") != "0":
        raise ModelError(f"{artifact.path.name}: has sizes that are not fixed", "Convert the model with a fixed input.")
    recipe = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _MADE_BY)).hexdigest()[:12]
    versions = "&".join(f"{name}={metadata.version(name)}" for name in ("tf2onnx", "onnx"))
    source = f"tf2onnx:{artifact.sha256}?symmetric={int(symmetric)}&recipe={recipe}&{versions}"

    def make(_: str, into: Path) -> Path:
        into /= f"{artifact.path.stem}{'-symmetric' if symmetric else ''}.onnx"
        _convert(artifact.path, into, symmetric=symmetric)
        return into

    return cached_model(f"{artifact.path.stem}-onnx", source, make)


def _convert(path: Path, out: Path, *, symmetric: bool) -> None:
    """In a process of its own: TensorFlow takes seconds to load and prints at will."""
    command = [sys.executable, "-P", "-m", "devbench_onnx.convert", str(path.resolve()), str(out.resolve())]
    try:
        done = subprocess.run(
            supervised([*command, *(["--symmetric"] if symmetric else [])], life_s=_LIMIT_S + 60),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{path.name}: was not converted to ONNX within {_LIMIT_S} s") from None
    if done.returncode or not out.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()]
        why = said[-1].strip() if said else f"exit status {done.returncode}"
        raise ModelError(f"{path.name}: cannot be converted to ONNX: {why}")


def _described(artifact: Artifact, path: Path) -> Prepared:
    """The artifact with the file at `path` and what its graph says of itself."""
    found = read_onnx(path)
    inputs, outputs = found.inputs, found.outputs
    precision = found.precision if path == artifact.path else artifact.precision
    if artifact.precision not in ("", precision):
        raise ModelError(
            f"{path}: the file computes in {precision}, and {artifact.precision} was asked for",
            "Correct `precision` in the suite, or export the model again.",
        )
    facts, quantization = dict(found.facts), found.quantization
    if path != artifact.path:
        quantization = "requantized" if _is_requantized(found.model) else artifact.quantization
        facts["converted_from_sha256"] = artifact.sha256
        inputs, outputs = _like(inputs, artifact.inputs), _like(outputs, artifact.outputs)
    return Prepared(
        path=path,
        format="onnx",
        precision=precision,
        quantization=quantization,
        inputs=inputs,
        outputs=outputs,
        facts=facts,
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


def _is_requantized(model: Any) -> bool:
    """Whether our own converter has noted so in the file."""
    notes = [json.loads(one.value) for one in model.metadata_props if one.key == "devbench"]
    return any(note["requantized"] for note in notes)


def _check_symmetric(path: Path) -> None:
    """A file that comes as ONNX is taken as it is, so that nothing else is measured than what was given."""
    from devbench_onnx.symmetric import zero_points

    if odd := zero_points(read_onnx(path).model):
        raise ModelError(
            f"{path.name}: TensorRT quantizes without zero points, and {len(odd)} nodes have one ('{odd[0]}', say)",
            "Quantize it symmetrically, or give the .tflite file: devbench then does so itself.",
        )
