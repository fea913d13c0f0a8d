"""What is trained by matching moments: a generator of plain layers, and the encoder of its codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from partly.errors import BadOption
from partly.models.generators import MLPGenerator


@dataclass(frozen=True)
class MatchingParts:
    """A generator whose last two layers are the decoder of an autoencoder.

    Codes are the values of its last hidden layer but one. So the generator from codes and the decoder are one
    generator, which needs no family of its own; codes are not negative, since hidden layers are not.

    Attributes:
        generator: latents ``[b, 1, z]`` to pictures ``[b, 3, s, s]``, with two hidden layers or more.
        encoder: values of photos ``[b, n]`` in [0, 1] to codes ``[b, k]``; made for the generator.

    Raises:
        BadOption: the generator has fewer hidden layers.
    """

    generator: MLPGenerator
    encoder: nn.Sequential = field(init=False)

    def __post_init__(self) -> None:
        hidden = self.generator.shape.hidden
        if len(hidden) < 2:
            raise BadOption(f"a generator of {len(hidden)} hidden layers", expected="two or more")
        n_codes, n_inner, n_values = hidden[-2], hidden[-1], self.generator.shape.n_values
        encoder = nn.Sequential(
            nn.Linear(n_values, n_inner), nn.ReLU(), nn.Linear(n_inner, n_codes), nn.ReLU()
        )
        object.__setattr__(self, "encoder", encoder)

    def values(self, photos: Tensor) -> Tensor:
        """Photos ``[b, 3, s, s]`` in [-1, 1] as rows ``[b, n]`` in [0, 1], grey where pictures are."""
        shape = self.generator.shape
        if photos.shape[-1] != shape.image_size_px:
            raise BadOption(
                f"photos of shape {list(photos.shape)}",
                expected=f"[b, 3, {shape.image_size_px}, {shape.image_size_px}]",
            )
        images = photos.mean(dim=1) if shape.is_grey else photos
        return (images.flatten(1) + 1) / 2

    def codes_of_latents(self, z: Tensor) -> Tensor:
        """Codes ``[b, k]`` that the generator makes of latents ``[b, z]``."""
        x = z
        for layer in list(self.generator.hidden)[:-1]:
            x = layer(x).relu()
        return x

    def decoded(self, codes: Tensor) -> Tensor:
        """Values ``[b, n]`` in [0, 1] of codes ``[b, k]``."""
        inner: Tensor = list(self.generator.hidden)[-1](codes).relu()
        return torch.sigmoid(self.generator.pixels(inner))

    def decoder_parameters(self) -> Iterator[nn.Parameter]:
        """Those of the last two layers."""
        yield from list(self.generator.hidden)[-1].parameters()
        yield from self.generator.pixels.parameters()

    def code_parameters(self) -> Iterator[nn.Parameter]:
        """Those of all layers before."""
        for layer in list(self.generator.hidden)[:-1]:
            yield from layer.parameters()
