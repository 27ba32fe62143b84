"""What to do about the failures of TensorRT, CUDA and onnxruntime, by the texts that they fail with."""

from __future__ import annotations

import re

_NO_TENSORRT = (
    "TensorRT comes with JetPack for the system's own Python: sudo apt install python3-libnvinfer; then name that"
    " Python in lab.yaml (`python: /usr/bin/python3`). A virtual environment needs `--system-site-packages`."
)
_NO_CUDA = (
    "CUDA's runtime comes with JetPack: sudo apt install nvidia-jetpack. If it stands elsewhere, name its folder in"
    " LD_LIBRARY_PATH."
)
_NO_GPU = (
    "Is this the board's own system (a container needs `--runtime nvidia`), and may the user open the GPU"
    " (group `video`)?"
)
_NO_MEMORY = (
    "The GPU shares the board's memory. Close the desktop (sudo systemctl isolate multi-user.target), add swap, or"
    " lower the option `workspace_mib`."
)
_NO_LAYER = (
    "This TensorRT does not have the layer. A newer JetPack may; onnxruntime with `provider: cuda` takes most networks."
)
_NO_PROVIDER = (
    "Install the onnxruntime that was built for the board's JetPack (Jetson Zoo): the one of PyPI has the CPU alone"
    " there."
)
_NO_INT8 = "Nano, TX1 and TX2 have none: measure float16 there (`precision: float16`)."
_ADVICE = (
    (r"No module named '?tensorrt", _NO_TENSORRT),
    (r"No module named '?numpy", "The engine needs numpy in the same Python: sudo apt install python3-numpy."),
    (r"libcudart", _NO_CUDA),
    (r"no CUDA-capable device|driver version is insufficient|CUDA initialization failure", _NO_GPU),
    (r"no int8 arithmetic|require hardware with Int8 support", _NO_INT8),
    (r"(?i)out ?of ?memory|memory allocation|bad_alloc|killed by SIGKILL", _NO_MEMORY),
    (r"No importer registered|[Uu]nsupported (operator|node)|UNSUPPORTED_NODE|Plugin not found", _NO_LAYER),
    (
        r"[Uu]nsupported model IR version|ONNX opset|under development",
        "The board's software is older than the file: export it for opset 13.",
    ),
    (
        r"rebuild\.|Magic tag does not match|incompatible device",
        "Remove the engine from the cache there, and it is built again.",
    ),
    (r"has no \w+ExecutionProvider|is not in use", _NO_PROVIDER),
)


def advice(error: str) -> str:
    """What to do about `error`; "" if that is not known."""
    return next((text for pattern, text in _ADVICE if re.search(pattern, error)), "")
