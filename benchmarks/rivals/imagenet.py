"""Networks trained on ImageNet, as functions from images to maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from partly.models.zoo import ENCODER, VGG16, get, load_encoder


def vgg16_maps() -> Callable[[Tensor], Sequence[Tensor]]:
    """VGG16 up to its last convolution: five maps, at 1/16 of the size to full size; fetched once."""
    get(VGG16)
    return _maps(VGG16)


def lite0_maps() -> Callable[[Tensor], Sequence[Tensor]]:
    """EfficientNet-lite0: five maps, at 1/32 to half of the size."""
    return _maps(ENCODER)


def _maps(name: str) -> Callable[[Tensor], Sequence[Tensor]]:
    encoder = load_encoder(name)

    def maps(images: Tensor) -> Sequence[Tensor]:
        return encoder.read(images).maps

    return maps
