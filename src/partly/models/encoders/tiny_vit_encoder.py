"""TinyViT-5M as the image encoder of MobileSAM, which learned to say what SAM's great encoder says of photos.

Wu et al., TinyViT: Fast Pretraining Distillation for Small Vision Transformers, ECCV 2022; Zhang et al.,
Faster Segment Anything, arXiv:2306.14289. Convolutions first, then attention within windows, with a learned
bias for each distance. The published network looks at the size of a photo only to cut it into windows, and so
can read any; it learned at 1024 px. Layers are named as there; batch norms are folded into convolutions.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadOption
from partly.models.encoders.imagenet_pixels import imagenet_normalised
from partly.models.encoders.photo_encoder import RepresentationFamily, check_multiple
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.model_families import read_family

KIND = "representation/tiny-vit"
MULTIPLE_PX = 16
_STRIDES_PX = (4, 8, 16, 16)
"""Of the four stages; between the last two, channels grow and maps do not shrink."""
_EXPANSION = 4
_NECK_EPS = 1e-6


@dataclass(frozen=True)
class TinyViTShape:
    """Constructor arguments; the defaults are those of TinyViT-5M in MobileSAM.

    Attributes:
        widths: channels of each of the four stages.
        depths: blocks of each stage.
        n_heads: heads of attention of each stage; the first has none.
        windows: sides of the windows of attention, in cells of the stage's maps.
        neck_width: channels of what SAM's decoder takes.
        image_size_px: side of the photos that :attr:`TinyViT.levels` are of, a multiple of 16.
    """

    widths: tuple[int, ...] = (64, 128, 160, 320)
    depths: tuple[int, ...] = (2, 2, 6, 2)
    n_heads: tuple[int, ...] = (2, 4, 5, 10)
    windows: tuple[int, ...] = (7, 7, 14, 7)
    neck_width: int = 256
    image_size_px: int = 1024

    def __post_init__(self) -> None:
        for name in ("widths", "depths", "n_heads", "windows"):
            values = getattr(self, name)
            if len(values) != len(_STRIDES_PX) or min(values) < 1:
                raise BadOption(f"{name} of {list(values)}", expected=f"{len(_STRIDES_PX)} positive numbers")
        if any(width % n for width, n in zip(self.widths, self.n_heads, strict=True)):
            raise BadOption(
                f"{list(self.widths)} channels for {list(self.n_heads)} heads", expected="multiples of them"
            )
        check_multiple(self.image_size_px, MULTIPLE_PX)


def conv(n_in: int, n_out: int, kernel_px: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size, or divides it by its stride."""
    return nn.Conv2d(n_in, n_out, kernel_px, stride, kernel_px // 2, groups=groups)


class ConvBlock(nn.Module):
    """Expand by 1x1, filter each channel, project back, added to what came in (MobileNetV2's block)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        n_middle = _EXPANSION * width
        self.conv1 = conv(width, n_middle, 1)
        self.conv2 = conv(n_middle, n_middle, 3, groups=n_middle)
        self.conv3 = conv(n_middle, width, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, c, h, w]`` to the same."""
        changed = self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(maps)))))
        return F.gelu(maps + changed)


class PatchMerging(nn.Module):
    """From one stage to the next: other channels, and maps half as large, or as large."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = conv(n_in, n_out, 1)
        self.conv2 = conv(n_out, n_out, 3, stride, groups=n_out)
        self.conv3 = conv(n_out, n_out, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h / stride, w / stride]``."""
        after: Tensor = self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(maps)))))
        return after


class WindowAttention(nn.Module):
    """Attention among the cells of a window; what two cells say to each other depends on their distance."""

    def __init__(self, width: int, n_heads: int, window: int) -> None:
        super().__init__()
        self.n_heads, self.window = n_heads, window
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        # For each head and distance, row by row: down, then right.
        self.attention_biases = nn.Parameter(torch.zeros(n_heads, window**2))

    def forward(self, cells: Tensor) -> Tensor:
        """Windows ``[n, window * window, c]`` to the same."""
        n, n_cells, width = cells.shape
        mixed = self.qkv(self.norm(cells)).view(n, n_cells, self.n_heads, -1).transpose(1, 2)
        query, key, value = mixed.chunk(3, dim=3)
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=self._bias())
        after: Tensor = self.proj(found.transpose(1, 2).reshape(n, n_cells, width))
        return after

    def _bias(self) -> Tensor:
        """What is added to each pair of cells, ``[heads, window * window, window * window]``."""
        side = torch.arange(self.window, device=self.attention_biases.device)
        row, column = (place.flatten() for place in torch.meshgrid(side, side, indexing="ij"))
        down, right = (row[:, None] - row).abs(), (column[:, None] - column).abs()
        return self.attention_biases[:, down * self.window + right]


class Mlp(nn.Module):
    """Two layers on each cell by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, _EXPANSION * width)
        self.fc2 = nn.Linear(_EXPANSION * width, width)

    def forward(self, cells: Tensor) -> Tensor:
        """``[..., c]`` to the same."""
        after: Tensor = self.fc2(F.gelu(self.fc1(self.norm(cells))))
        return after


class WindowBlock(nn.Module):
    """Attention within windows, a filter of each channel across their borders, and an MLP."""

    def __init__(self, width: int, n_heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = WindowAttention(width, n_heads, window)
        self.local_conv = conv(width, width, 3, groups=width)
        self.mlp = Mlp(width)

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, c, h, w]`` to the same; beyond the photo, cells of zeros fill the windows."""
        height, width = maps.shape[2:]
        n_px = self.window
        padded = F.pad(maps, (0, -width % n_px, 0, -height % n_px))
        n, c, n_high, n_wide = *padded.shape[:2], padded.shape[2] // n_px, padded.shape[3] // n_px
        cells = padded.view(n, c, n_high, n_px, n_wide, n_px).permute(0, 2, 4, 3, 5, 1)
        seen = self.attn(cells.reshape(-1, n_px * n_px, c)).view(n, n_high, n_wide, n_px, n_px, c)
        whole = seen.permute(0, 5, 1, 3, 2, 4).reshape(padded.shape)
        maps = self.local_conv(maps + whole[:, :, :height, :width])
        changed: Tensor = self.mlp(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return maps + changed


class Stage(nn.Module):
    """Blocks, and what leads to the next stage; None after the last."""

    def __init__(self, blocks: list[nn.Module], downsample: PatchMerging | None) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """``[b, c, h, w]`` after the blocks, and what the next stage begins with."""
        maps = self.blocks(maps)
        return maps, maps if self.downsample is None else self.downsample(maps)


class ChannelNorm(nn.Module):
    """Each cell's channels with mean 0 and deviation 1, then scaled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, c, h, w]`` to the same."""
        cells = F.layer_norm(maps.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, _NECK_EPS)
        return cells.permute(0, 3, 1, 2).contiguous()


class TinyViT(RepresentationFamily):
    """The representation; see :class:`partly.models.encoders.Representation` for its attributes.

    Its levels are, at 1/16 of the photo's size, the third and fourth stage and the neck, which is what SAM's
    decoder takes; then the second stage at 1/8 and the first at 1/4.
    """

    kind, name = KIND, "TinyViT"
    multiple_px = MULTIPLE_PX

    def __init__(self, shape: TinyViTShape) -> None:
        super().__init__(shape)
        self.image_size_px = shape.image_size_px
        width = shape.widths[0]
        to_quarter = nn.Sequential(conv(3, width // 2, 3, 2), nn.GELU(), conv(width // 2, width, 3, 2))
        self.patch_embed = nn.Sequential(OrderedDict(seq=to_quarter))
        self.layers = nn.ModuleList(_stage(shape, number) for number in range(len(shape.widths)))
        self.neck = nn.Sequential(
            nn.Conv2d(shape.widths[-1], shape.neck_width, 1, bias=False),
            ChannelNorm(shape.neck_width),
            nn.Conv2d(shape.neck_width, shape.neck_width, 3, padding=1, bias=False),
            ChannelNorm(shape.neck_width),
        )
        names = ("stage 1", "stage 2", "stage 3", "stage 4", "neck")
        widths = (*shape.widths, shape.neck_width)
        sizes_px = [shape.image_size_px // n for n in (*_STRIDES_PX, MULTIPLE_PX)]
        levels = [Level(*one) for one in zip(names, sizes_px, widths, strict=True)]
        self.levels = tuple(levels[i] for i in _COARSE_TO_FINE)

    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos ``[b, 3, h, w]`` in [-1, 1], coarse to fine.

        Raises:
            BadOption: photos whose sides are no multiples of 16.
        """
        self.check_images(images)
        following = self.patch_embed(imagenet_normalised(images))
        found = []
        for stage in self.layers:
            maps, following = stage(following)
            found.append(maps)
        found.append(self.neck(following))
        return FeaturePyramid(tuple(found[i] for i in _COARSE_TO_FINE))


_COARSE_TO_FINE = (2, 3, 4, 1, 0)


def _stage(shape: TinyViTShape, number: int) -> Stage:
    width, depth = shape.widths[number], shape.depths[number]
    if number == 0:
        blocks: list[nn.Module] = [ConvBlock(width) for _ in range(depth)]
    else:
        blocks = [WindowBlock(width, shape.n_heads[number], shape.windows[number]) for _ in range(depth)]
    merges = [
        PatchMerging(n_in, n_out, after // before)
        for (n_in, n_out), (before, after) in zip(pairwise(shape.widths), pairwise(_STRIDES_PX), strict=True)
    ]
    return Stage(blocks, merges[number] if number < len(merges) else None)


def load_tiny_vit(folder: Path) -> TinyViT:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, TinyViT, TinyViTShape)
