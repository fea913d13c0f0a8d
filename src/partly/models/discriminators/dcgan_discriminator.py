"""DCGAN's discriminator: strided convolutions and leaky ReLU (Radford, Metz and Chintala, ICLR 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from partly.losses import Judgement
from partly.models.discriminators.discriminator_layers import check_images
from partly.models.generators.dcgan_generator import DCGANShape, first_weights

_SLOPE = 0.2


class DCGANDiscriminator(nn.Module):
    """Pictures to scores.

    Args:
        shape: of the generator that it is trained with; sizes and channels are the same.
        norm: batch norm in all but the first layer; leave it out where a penalty needs the slope of each
            picture by itself (Gulrajani et al., NIPS 2017, section 4).
    """

    def __init__(self, shape: DCGANShape, *, norm: bool = True) -> None:
        super().__init__()
        self.image_size_px = shape.image_size_px
        channels = list(shape.channels.values())[::-1]
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(zip([3, *channels], channels, strict=False)):
            has_norm = norm and i > 0
            layers.append(nn.Conv2d(n_in, n_out, 4, 2, 1, bias=not has_norm))
            layers += [nn.BatchNorm2d(n_out)] if has_norm else []
            layers.append(nn.LeakyReLU(_SLOPE))
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels[-1], 1, 4))
        self.apply(first_weights)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:  # noqa: ARG002
        """Images ``[b, 3, s, s]`` in [-1, 1] to scores ``[b]``.

        Raises:
            BadOption: images of another size.
        """
        check_images(images, self.image_size_px)
        return Judgement(self.layers(images)[:, 0, 0, 0])
