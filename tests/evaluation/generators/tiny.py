"""A generator, a feature network and photos of a few kilobytes."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.data.photos.encoding import write_png
from partly.evaluation.generators.picture_bytes import make_pictures
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape

SIZE_PX = 16


def tiny_generator() -> DCGAN:
    """Pictures of 16 px that differ."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = DCGAN(DCGANShape(SIZE_PX, z_dim=5, last_channels=4))
        for p in generator.parameters():
            p.data.mul_(5)
    generator.digest = "0" * 64
    return generator.eval().requires_grad_(False)


class Thumbnails:
    """Pictures of 3 x 3 pixels as features; counts what it has seen."""

    name, digest, n_features, batch_size = "thumbnails", "f" * 64, 27, 7

    def __init__(self) -> None:
        self.n_seen = 0

    def features(self, images: Tensor) -> Tensor:
        assert len(images) <= self.batch_size
        assert images.abs().max() <= 1
        self.n_seen += len(images)
        return F.adaptive_avg_pool2d(images, 3).flatten(1)


def pictures(generator: DCGAN, seed: int, n: int) -> np.ndarray:
    """uint8 ``[n, 16, 16, 3]``."""
    return np.concatenate(list(make_pictures(generator, seed, range(n))))


def write_photos(folder, pixels: np.ndarray) -> None:
    """Photos named 000.png and so on."""
    for i, photo in enumerate(pixels):
        write_png(folder / f"{i:03d}.png", photo)
