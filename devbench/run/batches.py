"""Pictures as messages to a worker: tensors, a megabyte at a time, so that neither side ever has all of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from devbench.domain.accuracy import BATCH_BYTES, PictureName
from devbench.domain.making import Channels, Preparation
from devbench.domain.model import TensorSpec
from devbench.errors import DevbenchError
from devbench.models.image import layout_of, pixels_from, quantized
from devbench.models.pictures import Source, with_hash

END: Mapping[str, Any] = {"pictures": []}


@dataclass
class Batches:
    """Sends pictures of a source to a network with the input `spec`; real = (pixel - mean) / std.

    done: what was sent so far, with the hash of each file. left_out: what could not be read, with the reason.
    """

    source: Source
    spec: TensorSpec
    mean: Channels
    std: Channels
    done: list[PictureName] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def messages(
        self, pictures: Iterable[PictureName], read: Callable[[str], bytes], *, labels: bool = False
    ) -> Iterator[dict[str, Any]]:
        """A message for each batch; with the classes of its pictures where `labels`. None is without a picture."""
        batch: list[tuple[PictureName, bytes]] = []
        for picture in pictures:
            try:
                data = read(picture.name)
                tensor = self._tensor(data, picture.name)
            except DevbenchError as error:
                self.left_out.append(error.message)
                continue
            batch.append((with_hash(picture, data), tensor))
            if len(batch) * len(tensor) >= BATCH_BYTES:
                yield self._message(batch, labels=labels)
                batch = []
        if batch:
            yield self._message(batch, labels=labels)

    def _message(self, batch: list[tuple[PictureName, bytes]], *, labels: bool) -> dict[str, Any]:
        self.done += [picture for picture, _ in batch]
        told = {"labels": [picture.wanted for picture, _ in batch]} if labels else {}
        return {"pictures": [b64encode(tensor).decode() for _, tensor in batch], **told}

    def _tensor(self, data: bytes, name: str) -> bytes:
        layout = layout_of(self.spec.shape)
        assert layout is not None, "the case takes pictures"
        where = f"{self.source.path}: {name}"
        pixels = pixels_from(data, where, layout.height, layout.width, layout.channels)
        values = quantized(pixels, Preparation(mean=self.mean, std=self.std), self.spec)
        return layout.arranged(values).tobytes()
