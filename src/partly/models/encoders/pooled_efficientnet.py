"""EfficientNet-lite0 as a feature network: what pictures show, more than how they look in detail."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.models.networks import EfficientNetLite0, load_encoder_weights
from partly.storage import digest_of

_SEEN_PX = 128


class PooledEfficientNet:
    """Means of the maps at 1/16 and 1/32 of pictures of 128 px; see the protocol of feature networks.

    Args:
        weights: safetensors file of ImageNet weights.

    Raises:
        BadModelFile: the file is missing or damaged.
    """

    name = "efficientnet-lite0"
    batch_size = 16

    def __init__(self, weights: Path) -> None:
        self._encoder = EfficientNetLite0()
        load_encoder_weights(self._encoder, weights)
        self._encoder.eval().requires_grad_(False)
        self.digest = digest_of(self._encoder.state_dict())
        self.n_features = sum(self._encoder.widths[-2:])

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Rows ``[b, d]`` of pictures ``[b, 3, h, w]`` in [-1, 1], of any size, each a square."""
        size = (_SEEN_PX, _SEEN_PX)
        shown = images.cpu().float().clamp(-1, 1)
        seen = F.interpolate(shown, size, mode="bicubic", antialias=True).clamp(-1, 1)
        return torch.cat([maps.mean((2, 3)) for maps in self._encoder(seen)[-2:]], dim=1)
