"""All families of representations; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partly.models.encoders import dinov2_encoder as dinov2
from partly.models.encoders import efficientnet_features as efficientnet
from partly.models.encoders import tiny_vit_encoder as tiny_vit
from partly.models.encoders import vae_encoder as vae
from partly.models.encoders import vgg16_encoder as vgg16
from partly.models.encoders.photo_encoder import RepresentationFamily
from partly.models.model_families import read_any

FAMILIES: dict[str, Callable[[Path], RepresentationFamily]] = {
    vae.KIND: vae.load_vae_encoder,
    dinov2.KIND: dinov2.load_dinov2,
    efficientnet.KIND: efficientnet.load_efficientnet_features,
    vgg16.KIND: vgg16.load_vgg16,
    tiny_vit.KIND: tiny_vit.load_tiny_vit,
}


def load_representation(folder: Path) -> RepresentationFamily:
    """Read a representation's model folder, of whatever family.

    Raises:
        BadModelFile: it is damaged, or no representation.
    """
    return read_any(folder, FAMILIES, "a representation")
