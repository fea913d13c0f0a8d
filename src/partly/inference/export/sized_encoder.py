"""A photo encoder and a segmenter of its features, for photos of one size, as plain layers.

All that depends on the size alone is a constant here: positions of patches, coordinates, the spatial prior.
So what is left is a chain of layers that :mod:`partly.inference.export.onnx_translation` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadOption
from partly.fewshot.segmenters import (
    EnsembleSegmenter,
    FewShotSegmenter,
    HeadSegmenter,
    RidgeSegmenter,
    Standardiser,
)
from partly.models import resize
from partly.models.encoders import PATCH_PX, DinoV2, Representation, imagenet_normalised, positions_on_grid


class SizedEncoder(nn.Module):
    """What an encoder and a segmenter say of photos ``[b, 3, height, width]`` in [-1, 1].

    Args:
        encoder: a DINOv2.
        segmenter: ridge regression, or a head.
        height: of the photos, a multiple of 14.
        width: likewise.
        said_px: side of the square at which the segmenter says its logits.

    Raises:
        BadOption: another encoder or segmenter, or a size that the encoder does not read.
    """

    def __init__(
        self, encoder: Representation, segmenter: FewShotSegmenter, height: int, width: int, said_px: int
    ) -> None:
        super().__init__()
        read_by = exportable_encoder(encoder, segmenter)
        read_by.check_images(torch.empty(1, 3, height, width, device="meta"))
        self.size, self.said_size = (height, width), (said_px, said_px)
        self.grid = (height // PATCH_PX, width // PATCH_PX)
        self.patch_embed, self.blocks, self.norm = read_by.patch_embed, read_by.blocks, read_by.norm
        after = [read_by.read_after[i] for i in segmenter.level_indexes]
        self.read_after = sorted(after)
        self.in_order = [self.read_after.index(number) for number in after]
        with torch.no_grad():
            # Neither is a buffer, whose value the tracing would not know.
            self.placeless = read_by.placeless_tokens().cpu()
            self.positions = positions_on_grid(read_by.pos_embed[:, 1:], *self.grid, read_by.positions).cpu()
            self.on_features, at_place = _SEGMENTERS[type(segmenter)](segmenter, said_px)
            self.at_place = _small(at_place + resize(segmenter.layout[None], said_px))

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[b, k, height, width]``, as ``EncoderNetwork`` without a fast network gives them."""
        placed = self.patch_embed(imagenet_normalised(images)) + self.positions
        n_placeless, n_patches = self.placeless.shape[1], self.grid[0] * self.grid[1]
        tokens = with_first(self.placeless, placed.flatten(2).transpose(1, 2))
        read = []
        for number, block in enumerate(self.blocks[: self.read_after[-1]], 1):
            tokens = block(tokens)
            if number in self.read_after:
                read.append(self.norm(tokens.narrow(1, n_placeless, n_patches)).transpose(1, 2))
        features = torch.cat([read[i] for i in self.in_order], dim=1).unflatten(2, self.grid)
        said = F.interpolate(self.on_features(features), self.said_size, mode="bilinear") + self.at_place
        logits: Tensor = F.interpolate(said, self.size, mode="bilinear")
        return logits


def with_first(first: Tensor, tokens: Tensor) -> Tensor:
    """The same tokens ``[1, m, c]`` before those of each photo, ``[b, n, c]``."""
    return torch.cat([first.expand(len(tokens), -1, -1), tokens], dim=1)


def exportable_encoder(encoder: Any, segmenter: FewShotSegmenter) -> DinoV2:
    """The encoder, if it and the segmenter have an export.

    Raises:
        BadOption: the encoder is no DINOv2, or the segmenter is neither ridge regression nor a head.
    """
    if not isinstance(encoder, DinoV2):
        name = getattr(encoder, "name", type(encoder).__name__)
        raise BadOption(
            f"a network with the encoder {name} inside, which cannot be exported",
            expected="one with a DINOv2",
            remedy='Choose features = "dinov2-small" in project.toml, and make the network again',
        )
    if type(segmenter) not in _SEGMENTERS:
        several = isinstance(segmenter, EnsembleSegmenter)
        found = "an ensemble of segmenters" if several else f"a {type(segmenter).__name__}"
        raise BadOption(
            f"a network with {found} inside, which cannot be exported",
            expected="one with a single segmenter by ridge regression, or with a trained head",
            remedy="Fit with --method photo-ridge or ridge alone, and make the network again",
        )
    return encoder


def _ridge(segmenter: RidgeSegmenter, said_px: int) -> tuple[nn.Module, Tensor]:
    """Regression as one 1x1 layer, and what it says of places, ``[1, k, said_px, said_px]``."""
    n_channels = sum(segmenter.n_channels)
    weight = segmenter.weight * segmenter.sharpness
    layer = _on_raw_features(weight[:, :n_channels], torch.zeros(len(weight)), segmenter.standardiser)
    return layer, torch.einsum("kc,chw->khw", weight[:, n_channels:], segmenter.place_columns(said_px))[None]


def _head(segmenter: HeadSegmenter, said_px: int) -> tuple[nn.Module, Tensor]:
    """The head with the standardisation in its first layer; it does not know places."""
    first = segmenter.first
    if first.bias is None:
        raise TypeError("a head whose first layer has no bias")
    layer = _on_raw_features(first.weight.flatten(1), first.bias, segmenter.standardiser)
    layers = (layer, nn.GELU(), segmenter.second, nn.GELU(), segmenter.last)
    return nn.Sequential(*layers), torch.zeros(1, segmenter.n_parts, said_px, said_px)


_SEGMENTERS: Mapping[type[FewShotSegmenter], Callable[[Any, int], tuple[nn.Module, Tensor]]] = (
    MappingProxyType({RidgeSegmenter: _ridge, HeadSegmenter: _head})
)


def _small(at_place: Tensor) -> Tensor:
    """The same, ``[1, k, 1, 1]`` where all places are alike."""
    one = at_place[:, :, :1, :1]
    return one if bool((at_place == one).all()) else at_place


def _on_raw_features(weight: Tensor, bias: Tensor, standardiser: Standardiser) -> nn.Conv2d:
    """A 1x1 layer ``[k, c]`` of standardised features as one of features."""
    mean, deviation = (
        torch.cat([level.double() for level in levels])
        for levels in (standardiser.means, standardiser.deviations)
    )
    scaled = weight.double() / deviation
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], 1)
    layer.weight.copy_(scaled[:, :, None, None])
    layer.bias.copy_(bias.double() - scaled @ mean)  # type: ignore[union-attr]
    return layer
