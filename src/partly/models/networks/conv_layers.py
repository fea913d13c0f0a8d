"""Layers that the auto-shot networks share: convolution with norm, padding to a multiple, fusing."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class ConvNorm(nn.Module):
    """Convolution without bias, batch norm, and an optional activation.

    Args:
        n_in: channels in.
        n_out: channels out.
        kernel_px: side of the kernel, odd.
        stride: 1 or 2.
        groups: channel groups (``n_in`` for a depthwise convolution).
        activation: what follows the norm, or None.
        eps: added to the variance by the norm.
        pad_like_tensorflow: with stride 2, pad one pixel less on the left and top, which is how networks
            trained in TensorFlow ("SAME") see even sizes.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel_px: int = 3,
        *,
        stride: int = 1,
        groups: int = 1,
        activation: nn.Module | None = None,
        eps: float = 1e-5,
        pad_like_tensorflow: bool = False,
    ) -> None:
        super().__init__()
        shifted = pad_like_tensorflow and stride == 2
        self.padding_px = ((kernel_px - 2) // 2, (kernel_px - 1) // 2) if shifted else None
        self.conv = nn.Conv2d(
            n_in,
            n_out,
            kernel_px,
            stride=stride,
            padding=0 if shifted else kernel_px // 2,
            groups=groups,
            bias=False,
        )
        self.norm: nn.Module = nn.BatchNorm2d(n_out, eps=eps)
        self.activation: nn.Module = activation if activation is not None else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h / stride, w / stride]``."""
        if self.padding_px is not None:
            maps = F.pad(maps, self.padding_px * 2)
        result: Tensor = self.activation(self.norm(self.conv(maps)))
        return result

    def fuse(self) -> None:
        """Fold the norm's running statistics into the convolution, for inference only."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.norm = nn.Identity()


def fused_copy(module: ModuleT) -> ModuleT:
    """A copy for inference: in eval mode, without gradients, every norm folded into its convolution."""
    fused = copy.deepcopy(module).eval().requires_grad_(False)
    for part in fused.modules():
        if isinstance(part, ConvNorm):
            part.fuse()
    return fused


def channels_last(module: ModuleT) -> ModuleT:
    """The module itself, its weights laid out so that convolutions on the CPU are a fifth faster or more."""
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


def pad_to_multiple(images: Tensor, multiple_px: int) -> Tensor:
    """Repeat the last row and column of ``[b, c, h, w]`` until the sides are multiples of ``multiple_px``."""
    height_px, width_px = images.shape[-2:]
    right, bottom = -width_px % multiple_px, -height_px % multiple_px
    return F.pad(images, (0, right, 0, bottom), mode="replicate") if right or bottom else images


def upsample_like(maps: Tensor, reference: Tensor) -> Tensor:
    """Bilinear resize of ``[b, c, h, w]`` to the height and width of ``reference``."""
    return F.interpolate(maps, size=reference.shape[-2:], mode="bilinear", align_corners=False)
