"""DCGAN's discriminator: strided convolutions and leaky ReLU (Radford, Metz and Chintala, ICLR 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from partly.losses import Judgement
from partly.models.discriminators.discriminator_layers import check_condition, check_images
from partly.models.generators.dcgan_generator import DCGANShape, first_weights

_SLOPE = 0.2


class DCGANDiscriminator(nn.Module):
    """Pictures to scores; their class counts by a projection (Miyato and Koyama, ICLR 2018).

    Args:
        shape: of the generator that it is trained with; sizes, channels and classes are the same.
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
        n_classes = len(shape.classes)
        self.by_class = nn.Conv2d(channels[-1], n_classes, 4, bias=False) if n_classes else None
        self.apply(first_weights)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        """Images ``[b, 3, s, s]`` in [-1, 1], of classes ``condition [b, c]``, to scores and features.

        Raises:
            BadOption: images of another size, or conditions of another shape.
        """
        check_images(images, self.image_size_px)
        maps = self.layers[:-1](images)
        scores: Tensor = self.layers[-1](maps)[:, 0, 0, 0]
        if self.by_class is not None:
            # Equation 3: y' V phi(x) + psi(phi(x)), where phi is all of the last maps.
            of_classes = self.by_class(maps)[:, :, 0, 0]
            scores = scores + (check_condition(condition, of_classes.shape) * of_classes).sum(dim=1)
        return Judgement(scores, (maps,))
