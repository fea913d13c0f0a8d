"""Sizes and widths of a StyleGAN2; its discriminator has the same."""

from __future__ import annotations

from dataclasses import dataclass

from partly.models.model_families import DoublingSizes


@dataclass(frozen=True)
class StyleGAN2Shape(DoublingSizes):
    """Constructor arguments.

    Attributes:
        image_size_px: side of the pictures, a power of two from 32 to 1024.
        z_dim: length of ``z``.
        w_dim: length of ``w``.
        n_mapping_layers: fully connected layers of the mapping network.
        channel_base: channels at 4 px and above are ``channel_base / size``, ...
        most_channels: ... and never more than this.
        mapping_rate: factor of the mapping network's learning rate.
        clamp: bound on what the generator's convolutions give, either side of 0; None is none. NVIDIA's
            networks have one of 256, against overflows of half precision (Karras et al., NeurIPS 2020).
        classes: names of the classes, if it learns any.
    """

    sizes = (32, 1024)
    image_size_px: int = 64
    z_dim: int = 512
    w_dim: int = 512
    n_mapping_layers: int = 8
    channel_base: int = 16384
    most_channels: int = 512
    mapping_rate: float = 0.01
    clamp: float | None = None
    classes: tuple[str, ...] = ()
