"""An image as model input: resized and quantized on the host, once, and kept as .npy for the worker."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from devbench.domain.case import ImageInput
from devbench.domain.model import TensorSpec
from devbench.errors import DevbenchError
from devbench.files import read_regular, write_whole

if TYPE_CHECKING:
    from PIL import Image

_CHANNELS = {1: "L", 3: "RGB"}
_FORMATS = (
    "BMP",
    "GIF",
    "JPEG",
    "PNG",
    "PPM",
    "WEBP",
)  # others start programs (EPS), print (TIFF), or nobody needs them
LARGEST_BYTES = 256 << 20
_TYPES = {"uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"}
_MOST_PIXELS = 100_000_000  # in the file, and in what the network takes: 300 MB as RGB


class _TooLargeError(Exception):
    """An image of too many pixels."""


def image_feed(image: ImageInput, inputs: tuple[TensorSpec, ...], path: Path) -> Path:
    """Write the input tensor for `image` to `path`. The network must have one input, NHWC, of 1 or 3 channels."""
    spec = inputs[0] if len(inputs) == 1 else None
    if spec is None or not takes_an_image(spec.shape):
        shapes = ", ".join(str(list(one.shape)) for one in inputs)
        raise DevbenchError(
            f"an image cannot be fed to inputs of shape {shapes}: one input [1, height, width, 1 or 3] is needed",
            "Leave `input:` out for this model: it then gets seeded random data.",
        )
    if spec.dtype not in _TYPES:
        raise DevbenchError(f"an image cannot be fed to input '{spec.name}': it takes {spec.dtype}")
    buffer = io.BytesIO()
    np.save(buffer, quantized(_pixels(image.path, spec), image, spec), allow_pickle=False)
    write_whole(path, buffer.getvalue())
    return path


def quantized(pixels: npt.NDArray[np.uint8], image: ImageInput, spec: TensorSpec) -> npt.NDArray[np.generic]:
    """Pixels (0 to 255) in the type, scale and zero point of the input `spec`."""
    dtype = np.dtype(spec.dtype)
    if spec.scale == 0 and dtype == np.uint8:  # the network does the normalising itself
        return pixels.astype(dtype)
    if spec.scale == 0 and dtype.kind != "f":
        raise DevbenchError(f"input '{spec.name}' is {spec.dtype} without a scale: an image cannot be put into it")
    with np.errstate(all="ignore"):  # a strange mean, std or scale gives a strange input, and no warning
        real = (pixels.astype(np.float64) - image.mean) / image.std
        if dtype.kind == "f":
            return real.astype(dtype)
        limits = np.iinfo(dtype)
        steps = np.round(real / spec.scale) + spec.zero_point
        return np.clip(steps, limits.min, limits.max).astype(dtype)


def takes_an_image(shape: tuple[int, ...]) -> bool:
    """Whether an input of this shape can be fed an image."""
    if len(shape) != 4:  # noqa: PLR2004
        return False
    images, height, width, channels = shape
    return images == 1 and channels in _CHANNELS and height > 0 < width and height * width <= _MOST_PIXELS


def _pixels(path: Path, spec: TensorSpec) -> npt.NDArray[np.uint8]:
    _, height, width, channels = spec.shape
    try:
        data = read_regular(path, LARGEST_BYTES)
    except OSError as error:
        raise DevbenchError(f"{path}: the image cannot be read: {error.strerror}") from error
    return pixels_from(data, str(path), height, width, channels)


def pixels_from(data: bytes, name: str, height: int, width: int, channels: int) -> npt.NDArray[np.uint8]:
    """The image in the bytes of a file as pixels [1, height, width, channels]; errors call it `name`."""
    from PIL import Image, UnidentifiedImageError

    try:
        upright = _upright(data, _CHANNELS[channels])
    except (_TooLargeError, Image.DecompressionBombError) as error:
        raise DevbenchError(f"{name}: the image has too many pixels", "Scale it down first.") from error
    except UnidentifiedImageError as error:
        names = ", ".join(_FORMATS)
        raise DevbenchError(f"{name}: this is not an image that can be read", f"These can: {names}.") from error
    except Exception as error:  # Pillow raises all kinds of errors on a damaged file
        raise DevbenchError(f"{name}: the image is damaged: {error}", "Get it again, or save it again.") from error
    sized = upright.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(sized, dtype=np.uint8).reshape(1, height, width, channels)


def _upright(data: bytes, mode: str) -> Image.Image:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow's own limit, and of odd metadata
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MOST_PIXELS:  # known from the header, before anything is unpacked
                raise _TooLargeError
            return ImageOps.exif_transpose(picture).convert(mode)
