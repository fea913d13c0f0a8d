"""A discriminator that sees pictures as a network of photos does (Sauer et al., NeurIPS 2021).

The paper is "Projected GANs Converge Faster". The network is frozen, and so is a random mixing of its maps;
small heads, one for each size of maps, tell photos from pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.losses import Judgement
from partly.models.discriminators.discriminator_layers import check_images
from partly.models.discriminators.spectral_convolution import SpectralConv
from partly.models.frozen_network import frozen
from partly.models.model_families import check_size
from partly.models.networks import EfficientNetLite0, fused_copy, load_encoder_weights
from partly.storage import digest_of

_SIZES = (32, 512)
_SEEN_PX = (64, 256)
_N_LEVELS = 4
_N_MIXED, _N_HEAD, _GROUP = 32, 64, 4
_LAST_PX = 4
_SLOPE = 0.2
# Keeps the variance of the sum of two unrelated maps.
_GAIN = 0.5**0.5
_DIGEST = "encoder_digest"


class RandomMixing(nn.Module):
    """Maps of all sizes, each with a share of the coarser ones, by random weights that never change.

    Convolutions of 1 px mix channels (section 3.2, "cross-channel mixing"). From the coarsest on, maps are
    filtered, doubled in size and added to the next finer ones ("cross-scale mixing"). Without it, heads look
    at the finest maps and ignore the rest of the network, which is why nothing of it learns.

    Args:
        widths: channels of the maps, fine to coarse.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.across = nn.ModuleList(nn.Conv2d(width, _N_MIXED, 1, bias=False) for width in widths)
        self.down = nn.ModuleList(nn.Conv2d(_N_MIXED, _N_MIXED, 3, padding=1, bias=False) for _ in widths[1:])
        for part in (*self.across, *self.down):
            nn.init.kaiming_normal_(part.weight, nonlinearity="linear")

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Maps ``[b, width, h, w]``, fine to coarse, each half the size of the last, to ``[b, 32, h, w]``."""
        mixed = [mix(maps) for mix, maps in zip(self.across, levels, strict=True)]
        for i in range(len(mixed) - 2, -1, -1):
            coarse = F.interpolate(self.down[i](mixed[i + 1]), scale_factor=2.0, mode="bilinear")
            mixed[i] = (mixed[i] + coarse) * _GAIN
        return mixed


class ProjectedHead(nn.Module):
    """Mixed maps of one size to scores of 4 x 4 places.

    Norms are those of single pictures, so that each is judged by itself.

    Args:
        size_px: side of the maps, a power of two from 4 on.
    """

    def __init__(self, size_px: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = _N_MIXED
        while size_px > _LAST_PX:
            norm = nn.GroupNorm(_N_HEAD // _GROUP, _N_HEAD)
            layers += [SpectralConv(n_in, _N_HEAD, 4, 2, 1), norm, nn.LeakyReLU(_SLOPE)]
            n_in, size_px = _N_HEAD, size_px // 2
        self.layers = nn.Sequential(*layers, SpectralConv(n_in, n_in, 3, padding=1), nn.LeakyReLU(_SLOPE))
        self.score = SpectralConv(n_in, 1, 3, padding=1)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """``[b, 32, h, w]`` to scores ``[b, 1, 4, 4]``, and the maps ``[b, n, 4, 4]`` that give them."""
        last = self.layers(maps)
        return self.score(last), last


class ProjectedDiscriminator(nn.Module):
    """Pictures to a map of scores: of four sizes of EfficientNet-lite0's maps, 4 x 4 places each.

    Pictures below 64 px are enlarged to 64, since the network was not trained on such small ones. Those of
    512 px are averaged down to 256, so that details that only 512 px show do not count.

    The network's weights are buffers that are in no ``state_dict``; there, its digest stands for them. A
    ``state_dict`` that was learned with other weights is not loaded. The random mixing is in it.

    Args:
        image_size_px: side of the pictures, a power of two from 32 to 512.
        encoder: with its weights. This keeps a copy, whose norms are folded into its convolutions, and which
            ends with the maps of 1/16 of the size.
        digest: SHA-256 of its weights, in hexadecimal digits.

    Raises:
        BadOption: pictures of another size.
    """

    encoder_digest: Tensor

    def __init__(self, image_size_px: int, encoder: EfficientNetLite0, digest: str) -> None:
        super().__init__()
        check_size(image_size_px, *_SIZES)
        self.image_size_px = image_size_px
        self.seen_px = min(max(image_size_px, _SEEN_PX[0]), _SEEN_PX[1])
        self.encoder = frozen(fused_copy(encoder).up_to(_N_LEVELS), saved=False)
        self.mixing = frozen(RandomMixing(encoder.widths[:_N_LEVELS]))
        self.heads = nn.ModuleList(ProjectedHead(self.seen_px >> (1 + i)) for i in range(_N_LEVELS))
        self.register_buffer(_DIGEST, torch.tensor([*bytes.fromhex(digest)], dtype=torch.uint8))

    @classmethod
    def on(cls, weights: Path, image_size_px: int) -> Self:
        """One that sees through the weights of a file; mixing and heads are random.

        Args:
            weights: safetensors file of ImageNet weights.
            image_size_px: side of the pictures.

        Raises:
            BadModelFile: the file is missing or damaged.
            BadOption: pictures of a size that cannot be.
        """
        encoder = EfficientNetLite0()
        load_encoder_weights(encoder, weights)
        return cls(image_size_px, encoder, digest_of(encoder.state_dict()))

    def train(self, mode: bool = True) -> Self:
        """As for every module; but norms of the frozen network stay as they are."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:  # noqa: ARG002
        """Images ``[b, 3, s, s]`` in [-1, 1] to scores ``[b, 4, 4, 4]``, fine to coarse, and features.

        Classes do not count.

        Raises:
            BadOption: images of another size.
        """
        check_images(images, self.image_size_px)
        levels = self.mixing(self.encoder(self._seen(images)))
        judged = [head(maps) for head, maps in zip(self.heads, levels, strict=True)]
        scores, last = (torch.cat(parts, dim=1) for parts in zip(*judged, strict=True))
        return Judgement(scores, (last,))

    def _seen(self, images: Tensor) -> Tensor:
        size_px = self.image_size_px
        if size_px < self.seen_px:
            return F.interpolate(images, (self.seen_px, self.seen_px), mode="bilinear")
        return F.avg_pool2d(images, size_px // self.seen_px) if size_px > self.seen_px else images

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *how: Any, **more: Any) -> None:
        found: Tensor | None = state_dict.get(prefix + _DIGEST)
        if found is not None and not found.cpu().equal(self.encoder_digest.cpu()):
            raise RuntimeError("learned with another frozen network")
        super()._load_from_state_dict(state_dict, prefix, *how, **more)
