"""The feature pyramid: all activation maps of one batch, each at its native size.

Tritrong et al. (CVPR 2021, section 3.1) describe a pixel by the concatenation of every activation map,
upsampled to full size. That dense hypercolumn takes 22 GiB for one 1024 px picture. A linear first layer
commutes with bilinear upsampling, so everything that reads a pyramid works level by level at native size;
:meth:`FeaturePyramid.hypercolumn` exists as the reference that tests compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.machine import where_able


@dataclass(frozen=True)
class Level:
    """What one activation map is: its name, its side in pixels and its number of channels."""

    name: str
    size_px: int
    n_channels: int


@dataclass(frozen=True)
class FeaturePyramid:
    """Activation maps of one batch, coarse to fine.

    Attributes:
        maps: one tensor ``[b, c_l, h_l, w_l]`` for each level.
    """

    maps: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        if not self.maps:
            raise ValueError("a feature pyramid needs at least one level")

    def __len__(self) -> int:
        return len(self.maps)

    @property
    def n_pictures(self) -> int:
        """Batch size ``b``."""
        return self.maps[0].shape[0]

    @property
    def n_bytes(self) -> int:
        """Memory of all maps, in bytes."""
        return sum(m.nbytes for m in self.maps)

    def select(self, indexes: Sequence[int]) -> FeaturePyramid:
        """The pyramid of the given levels only."""
        return FeaturePyramid(tuple(self.maps[i] for i in indexes))

    def pictures(self, start: int, stop: int) -> FeaturePyramid:
        """The pyramid of pictures ``start`` to ``stop`` of the batch (views, no copy)."""
        return FeaturePyramid(tuple(m[start:stop] for m in self.maps))

    def to(self, device: torch.device | str) -> FeaturePyramid:
        """The pyramid on another device."""
        return FeaturePyramid(tuple(m.to(device) for m in self.maps))

    def float(self) -> FeaturePyramid:
        """The pyramid in float32; itself, where it is already."""
        return FeaturePyramid(tuple(m.float() for m in self.maps))

    def hypercolumn(self, size_px: int) -> Tensor:
        """The dense hypercolumn ``[b, sum(c_l), size_px, size_px]``: a reference for tests, never for use."""
        return torch.cat([resize(m, size_px) for m in self.maps], dim=1)


def resize(maps: Tensor, size_px: int) -> Tensor:
    """Bilinear resize of ``[b, c, h, w]`` to ``[b, c, size_px, size_px]``, aligned at pixel edges.

    Linear in ``maps`` in both directions, so a 1x1 convolution before it equals one after it.
    """
    if maps.shape[-1] == size_px and maps.shape[-2] == size_px:
        return maps
    return F.interpolate(maps, size=(size_px, size_px), mode="bilinear", align_corners=False)


def on_grid(maps: Tensor, grid_px: int) -> Tensor:
    """``[b, c, grid_px, grid_px]`` of ``maps``: finer ones averaged over cells, coarser ones interpolated.

    Each side by itself, where ``maps`` are no squares.
    """
    height, width = maps.shape[-2:]
    if height > grid_px or width > grid_px:
        # Fields of uneven sizes, as those of photos are, cannot be averaged everywhere.
        pooled = F.adaptive_avg_pool2d(where_able(maps), (min(height, grid_px), min(width, grid_px)))
        maps = pooled.to(maps.device)
    return resize(maps, grid_px)
