"""What the GPU of a Jetson cannot exceed, by its board.

NVIDIA's page of technical specifications (developer.nvidia.com/embedded/jetson-modules, read in copies of its table)
gives one figure of "AI performance" for each: of the Nano and the TX2 in float16, of Xavier in int8, of Orin in int8
with half of the weights left out ("sparse"), which devbench never asks for. Those of Xavier and Orin include their
deep learning accelerators: the GPU alone is slower, and they remain upper bounds. Where a board comes in several sizes
or has a faster mode, the fastest stands here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from devbench import Peak

_SOURCE = "NVIDIA's technical specifications (developer.nvidia.com/embedded/jetson-modules)"


@dataclass(frozen=True, kw_only=True)
class _Module:
    """name: as in the device tree. peaks: operations a second by precision, with how they follow from NVIDIA's."""

    name: str
    memory_bytes_per_s: float
    peaks: Mapping[str, tuple[float, str]]


def _cuda_cores(float16_per_s: float, says: str) -> dict[str, tuple[float, str]]:
    """Each core takes two float16 at a time, or one float32; there is nothing for int8."""
    return {"float16": (float16_per_s, says), "float32": (float16_per_s / 2, f"{says}; half of it in float32")}


def _tensor_cores(int8_per_s: float, says: str) -> dict[str, tuple[float, str]]:
    return {"int8": (int8_per_s, says), "float16": (int8_per_s / 2, f"{says}; half of it in float16")}


_MODULES = (
    _Module(
        name="Orin Nano", memory_bytes_per_s=102e9, peaks=_tensor_cores(33.5e12, "67 TOPS sparse, half of it dense")
    ),
    _Module(
        name="Orin NX", memory_bytes_per_s=102.4e9, peaks=_tensor_cores(78.5e12, "157 TOPS sparse, half of it dense")
    ),
    _Module(
        name="AGX Orin", memory_bytes_per_s=204.8e9, peaks=_tensor_cores(137.5e12, "275 TOPS sparse, half of it dense")
    ),
    _Module(name="Xavier NX", memory_bytes_per_s=59.7e9, peaks=_tensor_cores(21e12, "21 TOPS in int8")),
    _Module(name="AGX Xavier", memory_bytes_per_s=136.5e9, peaks=_tensor_cores(32e12, "32 TOPS in int8")),
    _Module(name="TX2 NX", memory_bytes_per_s=51.2e9, peaks=_cuda_cores(1.33e12, "1.33 TFLOPS in float16")),
    _Module(name="TX2", memory_bytes_per_s=59.7e9, peaks=_cuda_cores(1.33e12, "1.33 TFLOPS in float16")),
    _Module(name="Nano", memory_bytes_per_s=25.6e9, peaks=_cuda_cores(472e9, "472 GFLOPS in float16")),
)
_CACHE_BYTES = 4 << 20  # no GPU of these has a larger last cache
_WORDS = {"Jetson AGX Orin": "AGX Orin", "Jetson-AGX": "AGX Xavier", "quill": "TX2"}  # what some device trees say


def gpu_peaks(facts: Mapping[str, str]) -> Iterator[Peak]:
    """Of the board that the facts name; of every board where they name none, and of none that is not listed."""
    board = facts.get("board") or facts.get("host", "")
    for module in _MODULES if not board else _named(board):
        of = f"Jetson {module.name}"
        yield Peak(
            wall="memory",
            of=of,
            per_s=module.memory_bytes_per_s,
            keeps_bytes=_CACHE_BYTES,
            source=f"{_SOURCE}: {module.memory_bytes_per_s / 1e9:g} GB/s",
        )
        for precision, (per_s, says) in module.peaks.items():
            yield Peak(wall="compute", of=of, per_s=per_s, precision=precision, source=f"{_SOURCE}: {says}")


def _named(board: str) -> list[_Module]:
    """`NVIDIA Jetson Xavier NX Developer Kit` names one; the first that fits, as the longer names come first."""
    text = next((name for word, name in _WORDS.items() if word in board), board)
    return [module for module in _MODULES if module.name in text][:1]
