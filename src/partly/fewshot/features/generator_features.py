"""Features of a generator's own activations: exact and fine, for pictures that it made itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from partly.data.labels import LabelMap, Picture, Pictured
from partly.errors import BadLabel, BadOption
from partly.machine import Machine
from partly.models import FeaturePyramid
from partly.models.generators import (
    Generator,
    Synthesis,
    Truncation,
    sample_class,
    sample_factor,
    sample_w,
    synthesise_on,
)
from partly.storage import PicturePurpose


class GeneratorFeatures:
    """The pictures of a generator; see :class:`partly.fewshot.features.FeatureSource`.

    Args:
        generator: makes pictures and features.
        machine: on which it does; it is moved there. None leaves it where it is, and computes in float32.

    Attributes:
        generator: makes pictures and features.
        machine: on which it does.
    """

    n_pictures: int | None = None

    def __init__(self, generator: Generator, machine: Machine | None = None) -> None:
        self.generator = generator
        self.machine = machine or Machine.of(generator)
        if isinstance(generator, nn.Module):
            self.machine.place(generator)
        self.levels, self.image_size_px = generator.levels, generator.image_size_px
        self.digest = generator.digest

    def on(self, machine: Machine) -> GeneratorFeatures:
        """The same source on another machine; the generator is moved there."""
        return GeneratorFeatures(self.generator, machine)

    def check(self, picture: Pictured) -> None:
        """Refuse a photo, and pictures of another generator.

        Raises:
            BadLabel: it is one.
        """
        latent_of(picture, self.generator)

    def seen(self, label_map: LabelMap) -> LabelMap:
        """All of it: generated pictures are square."""
        return label_map

    def placed(self, label_map: LabelMap, height: int, width: int) -> LabelMap:
        """As it is.

        Raises:
            BadOption: the picture is no square.
        """
        self.square_px(height, width)
        return label_map

    def square_px(self, height: int, width: int) -> int:
        """The picture's side.

        Raises:
            BadOption: the picture is no square.
        """
        if height != width:
            raise BadOption(f"a generated picture of {width} x {height} pixels", expected="a square")
        return height

    @torch.no_grad()
    def pyramid(self, picture: Pictured, features_px: int) -> FeaturePyramid:
        """The generator's activations up to ``features_px``; the picture itself is not made.

        Raises:
            BadLabel: it is no picture of this generator.
        """
        w = latent_of(picture, self.generator)
        return synthesise_on(self.machine, self.generator, w, features_px=features_px, images=False).pyramid

    @torch.no_grad()
    def with_image(self, picture: Pictured, features_px: int) -> Synthesis:
        """Activations and picture from one synthesis.

        Raises:
            BadLabel: it is no picture of this generator.
        """
        w = latent_of(picture, self.generator)
        return synthesise_on(self.machine, self.generator, w, features_px=features_px)

    def plain(self, purpose: PicturePurpose, seed: int, index: int, truncation: Truncation) -> Picture:
        """Picture ``index`` of the purpose's stream of latents."""
        w = sample_w(self.generator, seed, index, truncation, purpose)[0].cpu().numpy()
        factor = sample_factor(truncation, seed, index, purpose)
        kind = sample_class(self.generator, seed, index, purpose)
        return Picture(f"{purpose} {seed}-{index}", w.copy(), self.digest, truncation=factor, kind=kind)

    def codes(self, pictures: Sequence[Picture]) -> Tensor:
        """Their latents, flat: ``[n, l * v]``."""
        return torch.cat([latent_of(picture, self.generator) for picture in pictures]).flatten(1)

    def typicality(self, codes: Tensor) -> Tensor:
        """Minus the distance from the mean of ``w``; of a generator with classes, of the nearest class."""
        w = codes.unflatten(1, (self.generator.n_layers, -1))
        means = self.generator.class_means if self.generator.classes else self.generator.w_mean[None]
        distances = torch.stack([(w - mean).flatten(1).norm(dim=1) for mean in means.cpu()])
        return -distances.amin(dim=0)


def latent_of(picture: Pictured, generator: Generator) -> Tensor:
    """Latent ``w [1, l, v]`` of a picture, annotated or not, on the processor.

    Raises:
        BadLabel: it is a photo, or a picture of another generator.
    """
    if picture.w is None:
        raise BadLabel(
            f"annotation {picture.id!r} belongs to a photo",
            expected="a picture of the generator",
            remedy="Label a generated picture, or fit on features of photos: partly.photo_features",
        )
    if picture.generator_digest != generator.digest:
        raise BadLabel(
            f"annotation {picture.id!r} belongs to generator {str(picture.generator_digest)[:12]}…",
            expected=f"{generator.digest[:12]}…",
            remedy="Use the generator that made the labelled picture",
        )
    w = torch.from_numpy(np.array(picture.w, np.float32))
    if tuple(w.shape) != (generator.n_layers, generator.w_dim):
        raise BadLabel(
            f"annotation {picture.id!r} has a latent of shape {list(w.shape)}",
            expected=f"[{generator.n_layers}, {generator.w_dim}]",
        )
    return w[None]
