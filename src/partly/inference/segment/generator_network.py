"""A photo segmented through its latent in a generator: slow, and the first way of few-shot segmentation."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import asdict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.data.labels import PartSet
from partly.fewshot.fitting import segmenter_digest
from partly.fewshot.segmenters import FewShotSegmenter
from partly.inference.invert import InvertOptions, PictureDistance, search
from partly.machine import Machine, full_precision, where_able
from partly.models.encoders import LatentEncoder
from partly.models.generators import Generator, synthesise_on

_MOST_SAID_PX = 256
_PIXELS_AT_ONCE = 4 * 1024**2
"""Of all pictures that are searched for at a time: slopes through MobileStyleGAN of 1024 px take 1 GB."""


class GeneratorNetwork(nn.Module):
    """Finds the latent of a photo, and segments the features of the picture that it makes.

    It is asked as an auto-shot network is, and takes minutes where that takes milliseconds. Photos are shown
    to it with what fills them up to a square marked, which does not count in the search.

    Args:
        generator: whose features the segmenter was fitted on.
        segmenter: feature pyramid to logits.
        part_set: what the logits mean.
        options: how to search.
        distance: what photos and pictures are compared by.
        encoder: says where searches begin; None: the mean.

    Attributes:
        size_px: side of the generator's pictures.
        sees_filling: it takes a fourth channel of images, 1 where the photo is and 0 where it was filled up.

    Raises:
        BadModelFile: the encoder is of another generator.
    """

    sees_filling = True

    def __init__(
        self,
        generator: Generator,
        segmenter: FewShotSegmenter,
        part_set: PartSet,
        options: InvertOptions,
        distance: PictureDistance,
        encoder: LatentEncoder | None = None,
    ) -> None:
        super().__init__()
        if encoder is not None:
            encoder.check_generator(generator)
        self.generator, self.segmenter, self.part_set = generator, segmenter, part_set
        self.options, self.distance, self.encoder = options, distance, encoder
        self.size_px = generator.image_size_px
        # Threads have a photo each, as many as there are cores; memory would not do for so many searches.
        self._searching = threading.BoundedSemaphore(max(1, _PIXELS_AT_ONCE // self.size_px**2))

    @property
    def n_steps(self) -> int:
        """Of the search for one photo, all starts together."""
        return self.options.steps(from_encoder=self.encoder is not None) * self.options.n_starts

    @property
    def digest(self) -> str:
        """SHA-256 of all that its logits depend on."""
        encoder = None if self.encoder is None else self.encoder.digest
        compared = (self.distance.name, self.distance.digest, self.distance.compared_px)
        options = sorted(asdict(self.options).items())
        parts = (self.generator.digest, segmenter_digest(self.segmenter), encoder, *compared, options)
        return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()

    def forward(self, images: Tensor) -> Tensor:
        """Photos ``[b, 3 or 4, h, h]`` in [-1, 1] to logits ``[b, k, h, h]``; see ``sees_filling``."""
        return self.with_pictures(images)[0]

    def with_pictures(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`forward`, with the pictures that were found, ``[b, 3, s, s]`` in [-1, 1]."""
        machine = Machine.of(self.generator)
        # However it is asked, in halves or without slopes: a search needs float32 and slopes.
        with self._searching, full_precision(machine.device), torch.enable_grad():
            shown = self._shown(images.to(machine.device).float())
            photos, inside = shown[:, :3].contiguous(), shown[:, 3:] if shown.shape[1] > 3 else None
            self.distance.place(machine)
            with torch.no_grad():
                start = None if self.encoder is None else self.encoder.latents(photos)
            found = search(
                self.generator, photos, self.options, self.distance, start, weights=inside, machine=machine
            )
        said_px = min(_MOST_SAID_PX, self.size_px)
        with full_precision(machine.device), torch.no_grad():
            made = synthesise_on(machine, self.generator, found.w, features_px=said_px, images=False)
            logits = self.segmenter(made.pyramid, said_px)
            side = images.shape[-1]
            at_size = F.interpolate(logits.float(), (side, side), mode="bilinear", align_corners=False)
        return at_size, found.images

    def time_of_photo_s(self) -> float | None:
        """About how long a photo takes where the network is, by the second of two steps; None: no search."""
        if not self.n_steps:
            return None
        times: list[float] = []
        machine = Machine.of(self.generator)
        self.distance.place(machine)
        search(
            self.generator,
            torch.zeros(1, 3, self.size_px, self.size_px),
            InvertOptions(space=self.options.space, n_steps=2),
            self.distance,
            machine=machine,
            on_step=lambda _done, _n: times.append(time.monotonic()),
        )
        return (times[1] - times[0]) * self.n_steps if len(times) == 2 else None

    def _shown(self, images: Tensor) -> Tensor:
        """Images at the generator's size."""
        if images.shape[-1] == self.size_px:
            return images
        size = (self.size_px, self.size_px)
        shown = F.interpolate(where_able(images), size, mode="bilinear", antialias=True)
        return shown.to(images.device)
