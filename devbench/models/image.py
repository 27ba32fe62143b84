"""An image as model input: resized and quantized on the host, once, and kept as .npy for the worker."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from devbench.domain.case import ImageInput
from devbench.domain.making import Channels, Preparation
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


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a network takes pictures: their size, 1 or 3 channels, and whether these come before height and width."""

    height: int
    width: int
    channels: int
    channels_first: bool = False

    def arranged(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[pictures, height, width, channels] in the network's own order."""
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if self.channels_first else values


def image_feed(image: ImageInput, inputs: tuple[TensorSpec, ...], path: Path) -> Path:
    """Write the input tensor for `image` to `path`. The network must have one input: a picture of 1 or 3 channels."""
    spec, layout = picture_input(inputs)
    buffer = io.BytesIO()
    values = quantized(pixels_of(image.path, layout), image.preparation, spec)
    np.save(buffer, layout.arranged(values), allow_pickle=False)
    write_whole(path, buffer.getvalue())
    return path


def picture_input(inputs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, Layout]:
    """The one input, and how it takes pictures; a `DevbenchError` if it takes none."""
    spec = inputs[0] if len(inputs) == 1 else None
    layout = layout_of(spec.shape) if spec else None
    if spec is None or layout is None:
        shapes = ", ".join(str(list(one.shape)) for one in inputs)
        raise DevbenchError(
            f"an image cannot be fed to inputs of shape {shapes}: one input [1, height, width, 1 or 3] or"
            " [1, 1 or 3, height, width] is needed",
            "Leave `input:` out for this model: it then gets seeded random data.",
        )
    if spec.dtype not in _TYPES:
        raise DevbenchError(f"an image cannot be fed to input '{spec.name}': it takes {spec.dtype}")
    return spec, layout


def quantized(
    pixels: npt.NDArray[np.uint8], preparation: Preparation | ImageInput, spec: TensorSpec
) -> npt.NDArray[np.generic]:
    """Pixels (0 to 255), channels last, in the type, scale and zero point of the input `spec`."""
    dtype = np.dtype(spec.dtype)
    if spec.scale == 0 and dtype == np.uint8:  # the network does the normalising itself
        return pixels.astype(dtype)
    if spec.scale == 0 and dtype.kind != "f":
        raise DevbenchError(f"input '{spec.name}' is {spec.dtype} without a scale: an image cannot be put into it")
    mean, std = (_for_channels(one, pixels.shape[-1]) for one in (preparation.mean, preparation.std))
    with np.errstate(all="ignore"):  # a strange mean, std or scale gives a strange input, and no warning
        real = (pixels.astype(np.float64) - mean) / std
        if dtype.kind == "f":
            return real.astype(dtype)
        limits = np.iinfo(dtype)
        steps = np.round(real / spec.scale) + spec.zero_point
        return np.clip(steps, limits.min, limits.max).astype(dtype)


def _for_channels(value: Channels, channels: int) -> float | npt.NDArray[np.float64]:
    if not isinstance(value, tuple):
        return value
    if len(value) != channels:
        raise DevbenchError(
            f"`prepare` has {len(value)} values, and the network takes pictures of {channels} channels",
            "Write one number, or one for each channel.",
        )
    return np.asarray(value, dtype=np.float64)


def layout_of(shape: tuple[int, ...]) -> Layout | None:
    """How an input of this shape takes pictures; None if it takes none. Channels last, where both could be meant."""
    if len(shape) != 4 or shape[0] != 1:  # noqa: PLR2004
        return None
    last = Layout(height=shape[1], width=shape[2], channels=shape[3])
    first = Layout(height=shape[2], width=shape[3], channels=shape[1], channels_first=True)
    return next((one for one in (last, first) if _is_picture(one)), None)


def _is_picture(one: Layout) -> bool:
    return one.channels in _CHANNELS and one.height > 0 < one.width and one.height * one.width <= _MOST_PIXELS


def pixels_of(path: Path, layout: Layout) -> npt.NDArray[np.uint8]:
    """The picture in the file at `path`, resized: [1, height, width, channels]. A `DevbenchError` if it is broken."""
    try:
        data = read_regular(path, LARGEST_BYTES)
    except OSError as error:
        raise DevbenchError(f"{path}: the image cannot be read: {error.strerror}") from error
    return pixels_from(data, str(path), layout.height, layout.width, layout.channels)


def pixels_from(data: bytes, name: str, height: int, width: int, channels: int) -> npt.NDArray[np.uint8]:
    """The picture in `data`, resized: [1, height, width, channels]. A `DevbenchError`, which calls it `name`."""
    from PIL import Image, UnidentifiedImageError

    try:
        upright = _upright(data, _CHANNELS[channels])
    except (_TooLargeError, Image.DecompressionBombError) as error:
        raise DevbenchError(f"{name}: the image has too many pixels", "Scale it down first.") from error
    except UnidentifiedImageError as error:
        known = ", ".join(_FORMATS)
        raise DevbenchError(f"{name}: this is not an image that can be read", f"These can: {known}.") from error
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
