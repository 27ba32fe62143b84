"""An image as model input: resized and quantized on the host, once, and kept as .npy for the worker."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from devbench.domain.case import ImageInput
from devbench.domain.model import TensorSpec
from devbench.errors import DevbenchError
from devbench.files import write_whole

_CHANNELS = {1: "L", 3: "RGB"}


def image_feed(image: ImageInput, inputs: tuple[TensorSpec, ...], path: Path) -> Path:
    """Write the input tensor for `image` to `path`. The network must have one input, NHWC, of 1 or 3 channels."""
    spec = inputs[0] if len(inputs) == 1 else None
    if spec is None or len(spec.shape) != 4 or spec.shape[0] != 1 or spec.shape[3] not in _CHANNELS:  # noqa: PLR2004
        shapes = ", ".join(str(list(one.shape)) for one in inputs)
        raise DevbenchError(
            f"an image cannot be fed to inputs of shape {shapes}: one input [1, height, width, 1 or 3] is needed",
            "Leave `input:` out for this model: it then gets seeded random data.",
        )
    buffer = io.BytesIO()
    np.save(buffer, quantized(_pixels(image.path, spec), image, spec), allow_pickle=False)
    write_whole(path, buffer.getvalue())
    return path


def quantized(pixels: npt.NDArray[np.uint8], image: ImageInput, spec: TensorSpec) -> npt.NDArray[np.generic]:
    """Pixels (0 to 255) in the type, scale and zero point of the input `spec`."""
    dtype = np.dtype(spec.dtype)
    if spec.scale == 0 and dtype == np.uint8:  # the network does the normalising itself
        return pixels.astype(dtype)
    real = (pixels.astype(np.float64) - image.mean) / image.std
    if dtype.kind == "f":
        return real.astype(dtype)
    if spec.scale == 0:
        raise DevbenchError(f"input '{spec.name}' is {spec.dtype} without a scale: an image cannot be put into it")
    limits = np.iinfo(dtype)
    steps = np.round(real / spec.scale) + spec.zero_point
    return np.clip(steps, limits.min, limits.max).astype(dtype)


def _pixels(path: Path, spec: TensorSpec) -> npt.NDArray[np.uint8]:
    _, height, width, channels = spec.shape
    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture).convert(_CHANNELS[channels])
            sized = upright.resize((width, height), Image.Resampling.BILINEAR)
    except UnidentifiedImageError as error:
        raise DevbenchError(f"{path}: not an image that can be read", "JPEG, PNG and BMP are.") from error
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DevbenchError(f"{path}: cannot be read as an image: {error}") from error
    return np.asarray(sized, dtype=np.uint8).reshape(1, height, width, channels)
