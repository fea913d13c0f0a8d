"""Labelled pictures as an encoder of photos sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from partly.fewshot.features import FeatureStore
from partly.machine import CPU
from partly.models import FeaturePyramid
from partly.models.encoders import Representation
from partly.synthesis.shards.labelled_synthesis import follow
from partly.synthesis.shards.synthesis_config import OnPicture
from partly.training.segmentation import LabelledPictures, resized, to_images


@dataclass(frozen=True, eq=False)
class PictureReader:
    """An encoder that reads square pictures, each once: features are kept on disk.

    Attributes:
        encoder: reads them at its own size.
        store: keeps the features.
    """

    encoder: Representation
    store: FeatureStore

    def has(self, image: Tensor) -> bool:
        """Whether a picture uint8 ``[3, s, s]`` was read before."""
        return self.store.has(self._source_digest, _digest_of(image))

    @contextmanager
    def on(self, device: torch.device) -> Iterator[None]:
        """While the block runs, the encoder computes on a device; after it, on the processor again."""
        network = self.encoder
        if not isinstance(network, nn.Module) or device.type == "cpu":
            yield
            return
        network.to(device)
        try:
            yield
        finally:
            network.to(CPU)

    @torch.inference_mode()
    def pyramid(self, image: Tensor) -> FeaturePyramid:
        """Features of a picture uint8 ``[3, s, s]``, a batch of one, on the processor."""

        def make() -> FeaturePyramid:
            shown = resized(to_images(image[None]), self.encoder.image_size_px).clamp(-1, 1)
            return self.encoder.read(shown.to(self._device)).to(CPU)

        return self.store.read_or_make(self._source_digest, _digest_of(image), make)

    @property
    def _device(self) -> torch.device:
        network: object = self.encoder
        if not isinstance(network, nn.Module):
            return CPU
        return next((parameter.device for parameter in network.parameters()), CPU)

    @cached_property
    def _source_digest(self) -> str:
        """Of the encoder as it reads pictures here."""
        size_px = self.encoder.image_size_px
        source = f"{self.encoder.digest} square {size_px} {[level.name for level in self.encoder.levels]}"
        return hashlib.sha256(source.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class EncodedPictures:
    """Labelled pictures, each with its feature pyramid.

    Attributes:
        pictures: squares with soft labels.
        reader: gives the features.
    """

    pictures: LabelledPictures
    reader: PictureReader

    def __len__(self) -> int:
        return len(self.pictures)

    def encode(self, on_picture: OnPicture | None = None) -> None:
        """Make the features of all pictures that lack them; after a stop, the same call goes on.

        Args:
            on_picture: told after each picture.
        """
        follow(self._made(), len(self), 0, on_picture)

    def read(self, indexes: Sequence[int]) -> tuple[FeaturePyramid, Tensor, Tensor]:
        """Some pictures.

        Returns:
            Their pyramids, a batch; logits ``[b, k, t, t]``, and weights ``[b]``.
        """
        images, logits, weights = self.pictures.read(indexes)
        pyramids = [self.reader.pyramid(image) for image in images]
        levels = zip(*(pyramid.maps for pyramid in pyramids), strict=True)
        return FeaturePyramid(tuple(torch.cat(level) for level in levels)), logits.float(), weights

    def _made(self) -> Iterator[int]:
        for index in range(len(self)):
            image = self.pictures.read([index])[0][0]
            if not self.reader.has(image):
                self.reader.pyramid(image)
            yield 1


def _digest_of(image: Tensor) -> str:
    return hashlib.sha256(image.contiguous().numpy().tobytes()).hexdigest()
