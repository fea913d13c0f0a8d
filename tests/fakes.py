"""Real models of a few kilobytes, so that tests run the true code and not a stand-in for it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import PartSet
from partly.models.encoders.dinov2_encoder import DinoV2, DinoV2Shape
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.mobile_stylegan import MobileStyleGAN, MobileStyleGANShape

TINY = MobileStyleGANShape(w_dim=8, n_mapping_layers=1, channels=(16, 16, 16, 16), up_channels=(4, 4, 4))
TINY_ENCODER = DinoV2Shape(width=24, depth=4, n_heads=3, n_registers=2, grid=5, image_size_px=112)
TWO_PARTS = PartSet.from_names(("background", "thing"))


def tiny_generator(seed: int = 0) -> MobileStyleGAN:
    """A MobileStyleGAN of 64 px with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = MobileStyleGAN(TINY).eval().requires_grad_(False)
        for name, tensor in generator.state_dict().items():
            if name.endswith("noise"):
                tensor.normal_(0, 0.1)
    weights = b"".join(t.numpy().tobytes() for t in generator.state_dict().values())
    generator.digest = hashlib.sha256(weights).hexdigest()
    return generator


def needed_choices(family: str, folder: Path) -> dict[str, Any]:
    """Choices without which a family cannot be trained to pictures of 32 px.

    Args:
        family: a name of RECIPES.
        folder: of a small generator, which is made if the family needs one.
    """
    if family != "stacked":
        return {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        DCGAN(DCGANShape(16, z_dim=5, last_channels=4)).save(folder, {})
    return {"stack_on": str(folder)}


def thing_annotation(generator: MobileStyleGAN, index: int, *, size_px: int = 64) -> Annotation:
    """A picture with the part "thing" where one channel of the features is above its median."""
    w = sample_w(generator, 7, index)
    features = generator.synthesise(w, features_px=16, images=False).pyramid.maps[-1][:, :1]
    smooth = torch.nn.functional.interpolate(features, size=(size_px, size_px), mode="bilinear")[0, 0]
    label_map = (smooth > smooth.median()).numpy().astype(np.uint8)
    return Annotation(f"p{index}", label_map, np.ascontiguousarray(w[0].numpy()), generator.digest)


def tiny_encoder(seed: int = 0) -> DinoV2:
    """A network of the kind of DINOv2 with random weights, which reads photos of any shape."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = DinoV2(TINY_ENCODER).eval().requires_grad_(False)
        for name, tensor in encoder.state_dict().items():
            if name.endswith("gamma"):
                tensor.normal_(0.5, 0.2)
    return encoder


def noise_photos(folder: Path, n: int, size_px: int = 8) -> Path:
    """The folder, which is made, with so many square photos of noise, ``0.png`` and so on."""
    folder.mkdir(exist_ok=True)
    draws = np.random.default_rng(0)
    for index in range(n):
        pixels = draws.integers(0, 256, (size_px, size_px, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


def thing_photo(height: int, width: int, seed: int) -> np.ndarray:
    """A photo uint8 ``[h, w, 3]`` of a reddish thing on a bluish ground; see :func:`thing_labels`."""
    pixels = np.random.default_rng(seed).integers(0, 60, (height, width, 3), np.uint8)
    thing = thing_labels(height, width, seed) == 1
    pixels[thing, 0] += 180
    pixels[~thing, 2] += 120
    return pixels


def thing_labels(height: int, width: int, seed: int) -> np.ndarray:
    """Label map uint8 ``[h, w]`` of :func:`thing_photo`, by the ids of ``TWO_PARTS``."""
    label_map = np.zeros((height, width), np.uint8)
    top, left = np.random.default_rng(seed).integers(0, (height // 2, width // 2), 2)
    label_map[top : top + (height + 1) // 2, left : left + (width + 1) // 2] = 1
    return label_map
