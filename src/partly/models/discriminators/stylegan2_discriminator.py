"""The residual discriminator of StyleGAN2 (Karras et al., CVPR 2020, section 4.1 and figure 7)."""

from __future__ import annotations

from torch import Tensor, nn

from partly.losses import Judgement
from partly.models.discriminators.discriminator_layers import MinibatchDeviation, check_images
from partly.models.generators.stylegan2.modulated_layers import EqualisedConv, EqualisedLinear, leaky
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape

_LAST_PX = 4
_HALF = 0.5**0.5


class ResidualBlock(nn.Module):
    """Two convolutions that halve the size, and a short way round them; their sum keeps its variance."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv1 = EqualisedConv(n_in, n_in)
        self.conv2 = EqualisedConv(n_in, n_out, down=True)
        self.skip = EqualisedConv(n_in, n_out, 1, down=True, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h / 2, w / 2]``."""
        return (leaky(self.conv2(leaky(self.conv1(maps)))) + self.skip(maps)) * _HALF


class StyleGAN2Discriminator(nn.Module):
    """Pictures to scores.

    Args:
        shape: of the generator that it is trained with; sizes and channels are the same.
    """

    def __init__(self, shape: StyleGAN2Shape) -> None:
        super().__init__()
        self.image_size_px = shape.image_size_px
        sizes_px = shape.sizes_px[::-1]
        self.from_rgb = EqualisedConv(3, shape.n_channels(sizes_px[0]), 1)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(shape.n_channels(size_px), shape.n_channels(size_px // 2))
                for size_px in sizes_px[:-1]
            )
        )
        n_last = shape.n_channels(_LAST_PX)
        self.deviation = MinibatchDeviation()
        self.conv = EqualisedConv(n_last + 1, n_last)
        self.hidden = EqualisedLinear(n_last * _LAST_PX**2, n_last)
        self.score = EqualisedLinear(n_last, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:  # noqa: ARG002
        """Images ``[b, 3, s, s]`` in [-1, 1] to scores ``[b]``.

        Raises:
            BadOption: images of another size.
        """
        check_images(images, self.image_size_px)
        maps = self.blocks(leaky(self.from_rgb(images)))
        maps = leaky(self.conv(self.deviation(maps)))
        return Judgement(self.score(leaky(self.hidden(maps.flatten(1))))[:, 0])
