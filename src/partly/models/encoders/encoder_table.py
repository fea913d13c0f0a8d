"""All families of representations; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partly.models.encoders.dinov2_encoder import KIND as DINOV2
from partly.models.encoders.dinov2_encoder import load_dinov2
from partly.models.encoders.photo_encoder import RepresentationFamily
from partly.models.encoders.vae_encoder import KIND as VAE_ENCODER
from partly.models.encoders.vae_encoder import load_vae_encoder
from partly.models.model_families import read_any

FAMILIES: dict[str, Callable[[Path], RepresentationFamily]] = {
    VAE_ENCODER: load_vae_encoder,
    DINOV2: load_dinov2,
}


def load_representation(folder: Path) -> RepresentationFamily:
    """Read a representation's model folder, of whatever family.

    Raises:
        BadModelFile: it is damaged, or no representation.
    """
    return read_any(folder, FAMILIES, "a representation")
