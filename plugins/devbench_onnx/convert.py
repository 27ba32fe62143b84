"""The converter, a process of its own: python -m devbench_onnx.convert MODEL.tflite OUT.onnx [--symmetric]."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

_OPSET = 13  # the first with scales per channel, and the last that TensorRT 8.0 to 8.2 know
_ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}


def main() -> int:
    """Convert as the command line says; a failure is the last line on stderr."""
    source, out, *rest = sys.argv[1:]
    os.environ.update(_ENVIRONMENT)
    try:
        model = _convert(Path(source))
        if rest == ["--symmetric"]:
            from devbench_onnx.symmetric import make_symmetric

            _note(model, {"requantized": make_symmetric(model)})
        _save(model, Path(out))
    except Exception as error:  # noqa: BLE001 - whatever a converter raises is why there is no file
        sys.stderr.write(f"\n{type(error).__name__}: {' '.join(str(error).split())}\n")
        return 1
    return 0


def _convert(path: Path) -> Any:
    import tf2onnx

    model, _ = tf2onnx.convert.from_tflite(str(path), opset=_OPSET)
    return model


def _note(model: Any, facts: dict[str, bool]) -> None:
    entry = model.metadata_props.add()
    entry.key, entry.value = "devbench", json.dumps(facts)


def _save(model: Any, out: Path) -> None:
    import onnx

    onnx.checker.check_model(model, full_check=True)
    part = out.with_name(f"{out.name}.part")
    onnx.save(model, part)
    part.replace(out)


if __name__ == "__main__":
    sys.exit(main())
