"""DINOv2 (Oquab et al., TMLR 2024), a vision transformer that learned from photos without labels.

The transformer is that of Dosovitskiy et al. (ICLR 2021), with a scale for each channel of what a block adds
(Touvron et al., Going deeper with image transformers, ICCV 2021). Some have registers: tokens of no place,
which keep what belongs to the whole photo out of the patches (Darcet et al., Vision Transformers Need
Registers, ICLR 2024). Layers and tensors are named as its authors name them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadOption
from partly.machine import where_able
from partly.models.encoders.imagenet_pixels import imagenet_normalised
from partly.models.encoders.photo_encoder import RepresentationFamily, check_multiple
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.model_families import read_family

KIND = "representation/dinov2"
PATCH_PX = 14
_N_QUARTERS = 4
_EPS = 1e-6

Positions = Literal["sized", "offset", "antialiased"]
"""How learned positions are brought to another grid, always bicubically; see :class:`DinoV2Shape`."""


@dataclass(frozen=True)
class DinoV2Shape:
    """Constructor arguments; the defaults are those of ViT-S/14.

    Attributes:
        width: channels of every token.
        depth: blocks, a multiple of 4.
        n_heads: heads of attention; they share the width.
        n_registers: tokens without a place.
        grid: side of the square of learned positions, in patches.
        positions: how they reach another grid: "sized" scales to its size exactly, as Hugging Face does;
            "offset" scales to a size larger by a tenth of a patch, as the authors do; "antialiased" smooths
            where the grid shrinks, as both do for networks with registers.
        image_size_px: side of the photos that :attr:`DinoV2.levels` are of, a multiple of 14.
    """

    width: int = 384
    depth: int = 12
    n_heads: int = 6
    n_registers: int = 0
    grid: int = 37
    positions: Positions = "sized"
    image_size_px: int = 448

    def __post_init__(self) -> None:
        if min(self.width, self.n_heads, self.grid) < 1 or self.n_registers < 0:
            raise BadOption(
                f"{self.width} channels, {self.n_heads} heads, {self.n_registers} registers, "
                f"grid {self.grid}",
                expected="positive numbers",
            )
        if self.width % self.n_heads:
            raise BadOption(f"{self.width} channels for {self.n_heads} heads", expected="a multiple of them")
        if self.depth < _N_QUARTERS or self.depth % _N_QUARTERS:
            raise BadOption(f"{self.depth} blocks", expected=f"a multiple of {_N_QUARTERS}")
        if self.positions not in get_args(Positions):
            raise BadOption(
                f"positions are {self.positions!r}", expected=f"one of {', '.join(get_args(Positions))}"
            )
        check_multiple(self.image_size_px, PATCH_PX)


class PatchEmbedding(nn.Module):
    """Cuts photos into patches of 14 x 14 px, and makes a token of each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH_PX, stride=PATCH_PX)

    def forward(self, images: Tensor) -> Tensor:
        """``[b, 3, h, w]`` to ``[b, c, h / 14, w / 14]``."""
        maps: Tensor = self.proj(images)
        return maps


class Attention(nn.Module):
    """Every token asks all of them (Vaswani et al., NIPS 2017)."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[b, n, c]`` to the same; the ``n x n`` matrix is never whole in memory."""
        b, n, c = tokens.shape
        query, key, value = self.qkv(tokens).view(b, n, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        found: Tensor = F.scaled_dot_product_attention(query, key, value)
        mixed: Tensor = self.proj(found.transpose(1, 2).reshape(b, n, c))
        return mixed


class Mlp(nn.Module):
    """Two layers on each token by itself, four times as wide between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[b, n, c]`` to the same."""
        changed: Tensor = self.fc2(F.gelu(self.fc1(tokens)))
        return changed


class LayerScale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: Tensor) -> Tensor:
        """``[b, n, c]`` to the same."""
        return tokens * self.gamma


class TransformerBlock(nn.Module):
    """Attention and an MLP; each reads normalised tokens and adds to them."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPS)
        self.attn = Attention(width, n_heads)
        self.ls1 = LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=_EPS)
        self.mlp = Mlp(width)
        self.ls2 = LayerScale(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[b, n, c]`` to the same."""
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        after: Tensor = tokens + self.ls2(self.mlp(self.norm2(tokens)))
        return after


class DinoV2(RepresentationFamily):
    """The representation; see :class:`partly.models.encoders.Representation` for its attributes.

    Its levels are the tokens of the patches after a half, three quarters and all of the blocks, each through
    the last norm; all are of one size, 1/14 of the photo's. What a quarter of the blocks gives is not worth
    its place (docs/lab.md).

    Attributes:
        read_after: after how many blocks each level is read.
    """

    kind, name = KIND, "DINOv2"
    multiple_px = PATCH_PX

    def __init__(self, shape: DinoV2Shape) -> None:
        super().__init__(shape)
        self.image_size_px = shape.image_size_px
        self.positions: Positions = shape.positions
        size_px = shape.image_size_px // PATCH_PX
        step = shape.depth // _N_QUARTERS
        self.read_after = tuple(range(2 * step, shape.depth + 1, step))
        self.levels = tuple(Level(f"block {i}", size_px, shape.width) for i in self.read_after)
        self.patch_embed = PatchEmbedding(shape.width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.register_tokens = nn.Parameter(torch.zeros(1, shape.n_registers, shape.width))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 1 + shape.grid**2, shape.width))
        self.blocks = nn.ModuleList(TransformerBlock(shape.width, shape.n_heads) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width, eps=_EPS)

    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos ``[b, 3, h, w]`` in [-1, 1]: maps ``[b, c, h / 14, w / 14]``, early to late.

        Raises:
            BadOption: photos whose sides are no multiples of 14.
        """
        self.check_images(images)
        patches = self.patch_embed(imagenet_normalised(images))
        height, width = patches.shape[-2:]
        tokens = self._tokens(patches)
        n_placeless = tokens.shape[1] - height * width
        maps = []
        for number, block in enumerate(self.blocks, 1):
            tokens = block(tokens)
            if number in self.read_after:
                of_patches = self.norm(tokens[:, n_placeless:])
                maps.append(of_patches.transpose(1, 2).unflatten(2, (height, width)).contiguous())
        return FeaturePyramid(tuple(maps))

    def _tokens(self, patches: Tensor) -> Tensor:
        """Patches ``[b, c, h, w]`` with their positions, after the tokens without a place: ``[b, n, c]``."""
        b = patches.shape[0]
        height, width = patches.shape[-2:]
        placed = patches + positions_on_grid(self.pos_embed[:, 1:], height, width, self.positions)
        placeless = self.placeless_tokens().expand(b, -1, -1)
        return torch.cat([placeless, placed.flatten(2).transpose(1, 2)], dim=1)

    def placeless_tokens(self) -> Tensor:
        """What stands before the patches of every photo, ``[1, 1 + n_registers, c]``."""
        return torch.cat([self.cls_token + self.pos_embed[:, :1], self.register_tokens], dim=1)


def positions_on_grid(learned: Tensor, height: int, width: int, how: Positions) -> Tensor:
    """Positions ``[1, c, height, width]`` of a grid of patches.

    Args:
        learned: ``[1, n * n, c]``, row by row.
        height: patches from top to bottom.
        width: patches from left to right.
        how: see :class:`DinoV2Shape`.
    """
    n = math.isqrt(learned.shape[1])
    grid = learned.unflatten(1, (n, n)).permute(0, 3, 1, 2)
    if (height, width) == (n, n):
        return grid
    grid = where_able(grid)
    if how == "offset":
        scale = ((height + 0.1) / n, (width + 0.1) / n)
        found = F.interpolate(grid, scale_factor=scale, mode="bicubic", align_corners=False)
    else:
        found = F.interpolate(
            grid, size=(height, width), mode="bicubic", align_corners=False, antialias=how == "antialiased"
        )
    return found.to(learned.device)


def load_dinov2(folder: Path) -> DinoV2:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, DinoV2, DinoV2Shape)
