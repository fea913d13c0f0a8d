"""Networks of a few numbers, for tests."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from partly.data.labels.part_sets import Part, PartSet

PART_SET = PartSet(
    (
        Part("background", (0, 0, 0)),
        Part("left", (255, 0, 0), mirror="right"),
        Part("right", (0, 0, 255), mirror="left"),
    )
)


class ColourNetwork(nn.Module):
    """Dark is background, red is left, blue is right: a 1x1 convolution of RGB."""

    def __init__(self, size_px: int = 16) -> None:
        super().__init__()
        self.part_set, self.size_px = PART_SET, size_px
        self.conv = nn.Conv2d(3, 3, 1)
        with torch.no_grad():
            self.conv.weight.copy_(
                torch.tensor([[-1.0, -1, -1], [2, -1, -1], [-1, -1, 2]])[..., None, None] * 3
            )
            self.conv.bias.zero_()
        self.seen: list[Tensor] = []
        self.modes: list[bool] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images)
        self.modes.append(self.training)
        return self.conv(images)


class PlaceNetwork:
    """Logits that depend on the place only: part 1 on the left, part 2 on the right."""

    part_set, size_px = PART_SET, 16

    def __call__(self, images: Tensor) -> Tensor:
        b, _, h, w = images.shape
        x = torch.linspace(-3, 3, w).expand(h, w)
        return torch.stack([torch.full((h, w), -1.0), -x, x + 0.5]).expand(b, 3, h, w)


class FixedNetwork:
    """Any logits."""

    part_set, size_px = PART_SET, 16

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    def __call__(self, images: Tensor) -> Tensor:
        return self.logits
